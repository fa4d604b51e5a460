package sqlite_test

import (
	"context"
	"testing"

	"processmanager/db"
	"processmanager/db/dbtest"
	"processmanager/db/sqlite"
)

func TestContract(t *testing.T) {
	dbtest.Run(t, dbtest.Engine{
		Open: func(dir string) (db.Store, error) {
			return sqlite.Open(sqlite.Options{Dir: dir})
		},
		Restore: func(dir, backup string) error {
			_, err := sqlite.Restore(context.Background(), dir, backup)
			return err
		},
	})
}
