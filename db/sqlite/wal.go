package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

const (
	// The log is moved into the database when nobody waits and it has grown to
	// easyPages, and in any case at fullPages (of 4 KiB).
	easyPages = 1000
	fullPages = 4000

	// floorBytes must stay free on the disk, so that the log can still be moved
	// into the database when it fills up.
	floorBytes = 4 << 20

	// roomEvery is how often the disk is asked at most.
	roomEvery = 250 * time.Millisecond
)

var errDiskFull = errors.New("the disk is full; make room on it")

// A wal keeps the write-ahead log short. It is owned by the writer.
type wal struct {
	pages   int // about how many are in the log and not in the database
	askedAt time.Time
}

// grow notes that a batch of so many changes with bodies of so many bytes was
// written to the log. It need only be roughly right.
func (l *wal) grow(changes, bytes int) { l.pages += 4 + changes/8 + bytes/4096 }

// checkpoint moves the log into the database if it is time to. Readers are not
// waited for; the writer begins the log anew when all of it has been moved.
func (l *wal) checkpoint(c *conn, busy bool) error {
	if l.pages < easyPages || busy && l.pages < fullPages {
		return nil
	}
	return l.run(c, "PRAGMA wal_checkpoint(PASSIVE)")
}

// truncate empties the log.
func (l *wal) truncate(c *conn) error { return l.run(c, "PRAGMA wal_checkpoint(TRUNCATE)") }

func (l *wal) run(c *conn, pragma string) error {
	l.pages = 0
	values, err := c.row(pragma)
	if err != nil {
		return fmt.Errorf("move the log into the database: %w", err)
	}
	if inLog, moved := number(values[1]), number(values[2]); inLog > moved {
		l.pages = int(inLog - moved) // a reader is in the way
	}
	return nil
}

// room returns an error when too little is free on the disk that dir is on.
func (l *wal) room(dir string) error {
	if time.Since(l.askedAt) < roomEvery {
		return nil
	}
	free, err := FreeSpace(dir)
	if err != nil {
		return fmt.Errorf("ask for free space: %w", err)
	}
	if free < floorBytes {
		return fmt.Errorf("%w: only %d KiB are left", errDiskFull, free>>10)
	}
	l.askedAt = time.Now()
	return nil
}

func number(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}
