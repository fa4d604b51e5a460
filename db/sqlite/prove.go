package sqlite

import (
	"context"
	"errors"
	"fmt"

	"processmanager/db"
	"processmanager/ppm"
)

// Prove opens the copy of a database at path, which nobody else has open, and
// goes through all of it: its structure, every notification against its identity
// and the hash of its body, and that no number is missing. It changes nothing.
// Of an older version's, only the notifications are counted.
func Prove(ctx context.Context, path string) (c ppm.Contents, err error) {
	version, err := inspect(path)
	switch {
	case err != nil:
		return c, fmt.Errorf("the database in it is %w", err)
	case version > len(migrations):
		return c, fmt.Errorf("it was %w; install that version first", db.ErrNewer)
	}
	if err := check(ctx, path); err != nil {
		return c, plain(err)
	}
	pool, err := openReaders(path, "mode=ro&immutable=1&_dqs=0")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	var newest int64
	err = pool.QueryRowContext(ctx, `SELECT count(*), coalesce(max(id), 0) FROM notification`).Scan(&c.Notifications, &newest)
	if err == nil && version == len(migrations) {
		err = pool.QueryRowContext(ctx, `
			SELECT
				(SELECT count(*) FROM delivery),
				(SELECT count(*) FROM client WHERE id > 0 AND removed_at IS NULL)`).Scan(&c.Deliveries, &c.Clients)
	}
	if err != nil {
		return c, plain(err)
	}
	if c.Notifications != newest {
		return c, fmt.Errorf("%w: of %d notifications it holds %d", db.ErrDamaged, newest, c.Notifications)
	}
	return c, nil
}
