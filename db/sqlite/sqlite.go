// Package sqlite keeps notifications in one SQLite file. It is the engine
// behind the contract of package db for an office that has one machine.
//
// One goroutine writes, over one connection, and whoever waits shares the next
// commit; see writer.go. Readers use connections of their own that cannot
// write. The search index is a file beside it that can be lost; see search.go.
package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"processmanager/db"
)

// FileName is the name of the database in the data folder.
const FileName = "ppm.db"

const (
	lockName    = "ppm.lock"
	backupsDir  = "backups"
	draftSuffix = ".part" // of a copy that is not complete
)

// readTimeout cuts a reader off: as long as it reads, the write-ahead log
// cannot be emptied.
const readTimeout = 30 * time.Second

// Options say where a store lies and how it speaks.
type Options struct {
	Dir string       // the data folder
	Log *slog.Logger // nil: nothing is logged
}

// A Store is the database of one data folder. It holds the folder's lock, so
// that there is one Store at a time.
type Store struct {
	dir   string
	log   *slog.Logger
	lock  *flock.Flock
	read  *sql.DB
	write *writer
	index *index

	backingUp sync.Mutex // held while a backup is being made
}

var _ db.Store = (*Store)(nil)

// Open opens the store in o.Dir, or makes it. It refuses, with an error that
// wraps one of db's, a folder in use by another ppm, a place where a database
// is not safe, a file that is not ours, damaged or of a newer version, and a
// system on which an acknowledgement would not be durable. An older version is
// brought up to date after a copy of it has been put into backups/.
func Open(o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", o.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if err := checkPlace(dir); err != nil {
		return nil, err
	}
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, log: o.Log, lock: lock}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *Store) open() error {
	path := filepath.Join(s.dir, FileName)
	if err := forgetDrafts(filepath.Join(s.dir, backupsDir)); err != nil {
		return err
	}
	if err := prepare(path, migrations, s.log); err != nil {
		return err
	}
	write, err := newWriter(s.dir, s.log)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, plain(err))
	}
	s.write = write
	if s.read, err = openReaders(path, readerDSN); err != nil {
		return fmt.Errorf("open %s for reading: %w", path, plain(err))
	}
	s.index = newIndex(s)
	return nil
}

// forgetDrafts removes the copies that an earlier run did not complete.
func forgetDrafts(dir string) error {
	drafts, err := filepath.Glob(filepath.Join(dir, "*"+draftSuffix))
	for _, name := range drafts {
		err = errors.Join(err, removeDatabase(name))
	}
	return err
}

// acquire takes the lock of the data folder.
func acquire(dir string) (*flock.Flock, error) {
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if !locked {
		return nil, fmt.Errorf("the data folder %s is %w", dir, db.ErrInUse)
	}
	return lock, nil
}

// Health implements [db.Store].
func (s *Store) Health() error { return s.write.health() }

// Close implements [db.Store]. The write-ahead log is emptied into the database.
func (s *Store) Close() error { return s.release() }

// release lets go of whatever has been opened.
func (s *Store) release() error {
	var errs []error
	if s.index != nil {
		errs = append(errs, s.index.close())
	}
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.close())
	}
	return errors.Join(append(errs, s.lock.Close())...)
}
