package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"processmanager/db"
)

// code returns SQLite's primary result code in err, or 0.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// inChange reports whether err lies in what was to be written, so that the
// connection is as good as before.
func inChange(err error) bool {
	switch code(err) {
	case lib.SQLITE_CONSTRAINT, lib.SQLITE_TOOBIG, lib.SQLITE_MISMATCH, lib.SQLITE_RANGE:
		return true
	case 0:
		return !errors.Is(err, errDiskFull)
	}
	return false
}

// plain returns err with what it means and what to do, where we know.
func plain(err error) error {
	switch code(err) {
	case lib.SQLITE_FULL:
		return fmt.Errorf("%w (%w)", errDiskFull, err)
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fmt.Errorf("%w; put back a backup with: ppm restore FILE (%w)", db.ErrDamaged, err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("another program holds the database; close it (%w)", err)
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return fmt.Errorf("the database cannot be written; give this user the right to change it (%w)", err)
	case lib.SQLITE_CANTOPEN:
		return fmt.Errorf("the database cannot be opened; are its folder and its rights as before? (%w)", err)
	case lib.SQLITE_IOERR:
		return fmt.Errorf("the disk reports an error; have it checked (%w)", err)
	}
	return err
}
