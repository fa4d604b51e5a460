package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"processmanager/db/dbtest"
	"processmanager/db/sqlite"
)

func logSize(t *testing.T, dir string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, sqlite.FileName+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestTheLogStaysShortUnderLargeBodiesAndScatteredRedeliveries(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var wg sync.WaitGroup
	for i := range 200 {
		a := dbtest.Arrival(i)
		a.Body = make([]byte, 1<<20)
		wg.Go(func() {
			if _, err := s.Accept(context.Background(), a); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if size := logSize(t, dir); size > 32<<20 {
		t.Errorf("after large bodies the log has %d MiB", size>>20)
	}
	for round := range 3 {
		for i := range 5000 {
			wg.Go(func() {
				if _, err := s.Accept(context.Background(), dbtest.Arrival((i*7919+round)%5000+1000)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if size := logSize(t, dir); size > 32<<20 {
		t.Errorf("after redeliveries the log has %d MiB", size>>20)
	}
}

func TestTheLogIsEmptiedWhenNothingComes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := s.Accept(t.Context(), dbtest.Arrival(1)); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); logSize(t, dir) > 0; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("the log still has %d bytes", logSize(t, dir))
		}
	}
}

// An idle reader, a database browser say, must not hold up who posts.
func TestEmptyingTheLogWaitsForNobody(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	c, err := outside(t, dir).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := c.ExecContext(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if err := c.QueryRowContext(t.Context(), "SELECT count(*) FROM notification").Scan(&n); err != nil {
		t.Fatal(err)
	}
	// The writer tries to empty the log after two quiet seconds. If it waited for
	// the reader then, it would be for five seconds, and the next arrival with it.
	tick := time.NewTicker(2500 * time.Millisecond)
	defer tick.Stop()
	for i := range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		if _, err := s.Accept(ctx, dbtest.Arrival(i)); err != nil {
			t.Errorf("arrival %d beside an idle reader: %v", i, err)
		}
		cancel()
		<-tick.C
	}
	if _, err := c.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
}
