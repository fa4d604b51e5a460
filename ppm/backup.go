package ppm

import "time"

// A Backup is one that has been proven: after it was written it was opened, and
// all that it carries was read and checked.
type Backup struct {
	File      string    `json:"file"`
	At        time.Time `json:"at"` // when it was begun: it holds all that was kept then; UTC
	Proven    time.Time `json:"proven"`
	Bytes     int64     `json:"bytes"`
	Encrypted bool      `json:"encrypted"` // with a passphrase; else it carries no secret that can be read elsewhere
	Contents
}

// Contents is what was found in a backup, in numbers.
type Contents struct {
	Notifications int64 `json:"notifications"`
	Deliveries    int64 `json:"deliveries"`
	Clients       int64 `json:"clients"`
}

// Backups is how the backups of a data folder are doing.
type Backups struct {
	Last   *Backup        `json:"last,omitempty"`   // the last one proven
	Failed *BackupFailure `json:"failed,omitempty"` // what went wrong since; nil: nothing
	Next   *time.Time     `json:"next,omitempty"`   // when one is due; nil: none is planned
}

// A BackupFailure is why a backup could not be made.
type BackupFailure struct {
	Since time.Time `json:"since"` // the first of those that failed in a row, UTC
	At    time.Time `json:"at"`    // the last of them
	Error string    `json:"error"`
}
