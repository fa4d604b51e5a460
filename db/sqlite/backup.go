package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// backupStep is how many pages are copied between two commits.
const backupStep = 256

// Backup implements [db.Store]. It copies over the writer's own connection, a
// few pages between two commits: SQLite brings what is copied already up to
// date with every commit of that connection, so the copy needs no long read,
// which would keep the write-ahead log growing, and never starts again.
func (s *Store) Backup(ctx context.Context, path string, progress func(done, total int)) error {
	if !s.backingUp.TryLock() {
		return fmt.Errorf("back up to %s: another backup is being made; wait for it", path)
	}
	defer s.backingUp.Unlock()
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("back up to %s: there is such a file already; choose another name", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	draft := path + draftSuffix
	err := removeDatabase(draft)
	if err == nil {
		err = touch(draft) // with 0600 from its first byte on
	}
	if err == nil {
		err = s.copyPages(ctx, draft, progress)
	}
	if err == nil {
		err = check(ctx, draft)
	}
	if err == nil {
		err = publish(draft, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("back up to %s: %w", path, plain(err)), removeDatabase(draft))
	}
	return nil
}

func (s *Store) copyPages(ctx context.Context, path string, progress func(done, total int)) error {
	var from *conn
	err := s.between(func(c *conn) error {
		from = c
		return c.startCopy(path)
	})
	for more := true; more && err == nil; {
		err = s.between(func(c *conn) (err error) {
			if c != from {
				return errors.New("the database had to be opened anew meanwhile; start the backup again")
			}
			if err := ctx.Err(); err != nil {
				return errors.Join(err, c.endCopy())
			}
			if more, err = c.copying.Step(backupStep); err != nil {
				return errors.Join(err, c.endCopy())
			}
			if total := c.copying.PageCount(); progress != nil {
				progress(total-c.copying.Remaining(), total)
			}
			if !more {
				return c.endCopy()
			}
			return nil
		})
	}
	return err
}

// startCopy begins to copy the database of c to the file path.
func (c *conn) startCopy(path string) (err error) {
	// OFF: the last step must not sync the whole copy while everybody waits for
	// the writer. Before the copy gets its name it is synced elsewhere.
	c.copying, err = c.raw.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	}).NewBackup(dsn(path, "_synchronous=OFF"))
	return err
}

// endCopy lets go of a copy, complete or not.
func (c *conn) endCopy() error {
	if c.copying == nil {
		return nil
	}
	err := c.copying.Finish()
	c.copying = nil
	return err
}

// between runs f on the writer's connection between two commits.
func (s *Store) between(f func(*conn) error) error {
	return s.write.do(&change{between: f, done: make(chan error, 1)})
}
