package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"

	"processmanager/db"
)

// backupStep is how many pages are copied between two commits.
const backupStep = 256

// Backup implements [db.Store]. It copies over the writer's own connection, a
// few pages between two commits: SQLite brings what is copied already up to
// date with every commit of that connection, so the copy needs no long read,
// which would keep the write-ahead log growing, and never starts again.
func (s *Store) Backup(ctx context.Context, path string, progress func(done, total int)) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up to %s: there is such a file already; choose another name", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	draft := path + ".part"
	err := removeDatabase(draft)
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
	if c.copying != nil {
		return errors.New("another backup is being made; wait for it")
	}
	c.copying, err = c.raw.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	}).NewBackup(dsn(path, "_synchronous=FULL"))
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
	return s.write.do(&change{after: f, done: make(chan error, 1)})
}

// Restore puts the backup in file in the place of the database in the data
// folder dir, after checking it. The database that was there is kept beside it
// under the name that is returned ("" if there was none). It refuses while a
// Store has the folder open.
func Restore(ctx context.Context, dir, file string) (kept string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	lock, err := acquire(dir)
	if err != nil {
		return "", fmt.Errorf("%w; stop it first", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	path := filepath.Join(dir, FileName)
	draft := path + ".new"
	if err := removeDatabase(draft); err != nil {
		return "", err
	}
	if err := fetchBackup(ctx, file, draft); err != nil {
		return "", errors.Join(fmt.Errorf("restore %s: %w", file, plain(err)), removeDatabase(draft))
	}
	kept, err = setAside(path)
	if err != nil {
		return "", fmt.Errorf("put the present database aside: %w", err)
	}
	// The index was made for the other database.
	if err := removeDatabase(filepath.Join(dir, indexName)); err != nil {
		return kept, err
	}
	return kept, publish(draft, path)
}

// fetchBackup copies the backup in file to draft and checks the copy.
func fetchBackup(ctx context.Context, file, draft string) error {
	version, err := inspect(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file, or it is empty")
	case err != nil:
		return err
	case version > len(migrations):
		return db.ErrNewer
	}
	if err := copyFile(ctx, file, draft); err != nil {
		return err
	}
	return check(ctx, draft)
}

// setAside gives the database at path and its journals another name.
func setAside(path string) (kept string, err error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	kept = freeName(path + ".replaced-" + time.Now().Format("20060102-150405"))
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(path+suffix, kept+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return kept, nil
}

// freeName returns path or, where that is taken, path with a number: two may be
// put aside in one second, and neither may be lost.
func freeName(path string) string {
	name := path
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s-%d", path, n)
	}
}
