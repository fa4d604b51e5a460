package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

const (
	// The log is moved into the database when nobody waits and it has grown to
	// easyPages, and in any case at fullPages (of 4 KiB). A short log is also a
	// quick one: it is written over, and a file that does not grow is synced in
	// half the time. Only from forcePages on are readers waited for, for a
	// moment, so that it can begin anew.
	easyPages  = 500
	fullPages  = 1000
	forcePages = 8000
	forceWait  = time.Second

	// floorBytes must stay free on the disk, so that the log can still be moved
	// into the database when it fills up.
	floorBytes = 8 << 20

	// lookEvery is how often the disk is looked at, at most.
	lookEvery = 250 * time.Millisecond
)

var errDiskFull = errors.New("the disk is full; make room on it")

// A wal keeps the write-ahead log short. It is owned by the writer.
type wal struct {
	pages    int // how many are in the log and not known to be in the database
	lookedAt time.Time
	files    [2]os.FileInfo // the database and its log as they were opened
}

// open opens the database in dir for writing, if it can be written durably.
//
// The log that an earlier connection left goes into the database first. Its
// last pages may never have reached the disk, although they can be read; what
// is acknowledged from now on must not stand on them.
func (l *wal) open(dir string) (*conn, error) {
	path := filepath.Join(dir, FileName)
	c, err := connect(path, writerDSN)
	if err != nil {
		return nil, err
	}
	l.lookedAt = time.Time{}
	for _, step := range []func() error{
		c.durable,
		func() error { return l.run(c, "PASSIVE", 0) },
		func() (err error) { l.files, err = databaseIn(dir); return err },
		func() error { return l.look(dir) },
		c.probe,
	} {
		if err := step(); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// grow notes what c has written to the log since it was asked last.
func (l *wal) grow(c *conn) error {
	written, _, err := c.raw.(sqlite.DBStatus).Status(sqlite.DBStatusCacheWrite, true)
	l.pages += written
	return err
}

// checkpoint moves the log into the database if it is time to.
func (l *wal) checkpoint(c *conn, busy bool) error {
	switch {
	case l.pages < easyPages || busy && l.pages < fullPages:
		return nil
	case l.pages > forcePages:
		return l.run(c, "RESTART", forceWait)
	}
	return l.run(c, "PASSIVE", 0)
}

// empty empties the log, unless somebody is just reading.
func (l *wal) empty(c *conn) error {
	err := l.run(c, "TRUNCATE", 0)
	l.pages = 0 // another try is due when there is something new
	return err
}

// run moves the log into the database. Whoever reads or writes is waited for no
// longer than wait, since everybody who posts waits meanwhile.
func (l *wal) run(c *conn, mode string, wait time.Duration) error {
	var values []driver.Value
	err := c.patience(wait)
	if err == nil {
		values, err = c.row("PRAGMA wal_checkpoint(" + mode + ")")
		err = errors.Join(err, c.patience(lockWait))
	}
	if err != nil {
		return fmt.Errorf("move the log into the database: %w", err)
	}
	// What has been moved is still in the log until it begins anew or is
	// emptied: one page keeps the writer in mind of that.
	l.pages = 1 + int(max(0, number(values[1])-number(values[2])))
	return nil
}

// look returns an error when the database is no longer where it was, or when
// too little room is left beside it in dir.
func (l *wal) look(dir string) error {
	if time.Since(l.lookedAt) < lookEvery {
		return nil
	}
	files, err := databaseIn(dir)
	if err != nil || !os.SameFile(files[0], l.files[0]) || !os.SameFile(files[1], l.files[1]) {
		return errors.New("the database or its log has been removed or replaced under the running program; stop ppm and put back what was there, or a backup")
	}
	free, err := FreeSpace(dir)
	if err != nil {
		return fmt.Errorf("ask for free space: %w", err)
	}
	if free < floorBytes {
		return fmt.Errorf("%w: only %d KiB are left", errDiskFull, free>>10)
	}
	l.lookedAt = time.Now()
	return nil
}

// databaseIn returns what the database in dir consists of while it is open.
func databaseIn(dir string) (files [2]os.FileInfo, err error) {
	path := filepath.Join(dir, FileName)
	if files[0], err = os.Stat(path); err == nil {
		files[1], err = os.Stat(path + "-wal")
	}
	return files, err
}

func number(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}
