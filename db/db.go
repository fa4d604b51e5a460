// Package db is the store's contract: what the rest of the program may ask of
// a store and what it may rely on. The contract as tests is db/dbtest; an engine
// behind it is db/sqlite. No SQL, no transaction and no driver's error crosses it.
package db

import (
	"context"
	"errors"

	"processmanager/ppm"
)

// A Store keeps notifications. All methods may be called concurrently.
//
// Numbers are given out in the order of storing, without gaps, and no
// notification is ever deleted: its body may go, its identity stays.
type Store interface {
	// Accept keeps one arrival. Once it has returned nil, the notification
	// survives a killed process and a power cut. An arrival of a notification
	// already kept is recorded as a redelivery and answered with the same
	// receipt. After any error the outcome is unknown and the sender must not
	// get an acknowledgement; [ErrUnavailable] says that trying again later can help.
	Accept(ctx context.Context, a ppm.Arrival) (ppm.Acknowledgement, error)

	// Reject keeps a body that could not be used, durably, and makes room by
	// forgetting the oldest rejections beyond the engine's bounds.
	Reject(ctx context.Context, r ppm.Rejection) error

	// Counts returns the numbers of ppm status.
	Counts(ctx context.Context) (ppm.Counts, error)

	// List returns a page of the notifications kept. Every record is checked
	// against its own identity; [ErrDamaged] names the first that fails.
	List(ctx context.Context, p ppm.Page) ([]ppm.Record, error)

	// Find returns the notification that r names, or [ErrNotFound].
	Find(ctx context.Context, r ppm.Receipt) (ppm.Detail, error)

	// Search returns a page of the notifications in which every word of text
	// occurs, whole or as a beginning, in the application's number, the type,
	// the event, the partner code or the body. What was stored a moment ago may
	// be missing: behind says how many are not searchable yet.
	Search(ctx context.Context, text string, p ppm.Page) (found []ppm.Record, behind int64, err error)

	// Rejections returns the rejections kept, newest first, older than before
	// (0: from the newest), without their bodies.
	Rejections(ctx context.Context, before int64, limit int) ([]ppm.Rejection, error)

	// Rejection returns one rejection with its body, or [ErrNotFound].
	Rejection(ctx context.Context, id int64) (ppm.Rejection, error)

	Clients
	Work
	Past
	Book

	// Backup writes a consistent copy to the file path, which must not exist,
	// checks it, and only then gives it that name. Accept goes on meanwhile.
	// progress, if not nil, is told now and then how many of how many pages are copied.
	Backup(ctx context.Context, path string, progress func(done, total int)) error

	// Watch returns a channel that receives, with room for one hint, after
	// something of the topic has been committed, and a function that ends it.
	Watch(Topic) (hints <-chan struct{}, stop func())

	// Health returns nil while notifications can be accepted, else the reason
	// why not, in words for a person.
	Health() error

	// Close waits until everything begun is committed and lets go of the
	// files. Accept afterwards returns [ErrUnavailable].
	Close() error
}

var (
	// ErrUnavailable: the store cannot take it now. The disk may be full or
	// failing, the store closing, or too many may be waiting; later it may work.
	ErrUnavailable = errors.New("store unavailable")

	// ErrNotFound: there is no such notification.
	ErrNotFound = errors.New("not found")

	// ErrDamaged: what was read is not what was written.
	ErrDamaged = errors.New("the database is damaged")

	// ErrExists: there is one of that name already.
	ErrExists = errors.New("exists already")

	// ErrOvertaken is [ppm.ErrOvertaken].
	ErrOvertaken = ppm.ErrOvertaken

	// ErrInUse: another process has the store open.
	ErrInUse = errors.New("in use by another ppm")

	// ErrNewer: the store was written by a newer version of this program.
	ErrNewer = errors.New("written by a newer version of ppm")

	// ErrForeign: the file is not a store of ours.
	ErrForeign = errors.New("not a ppm database")

	// ErrMissing: the store is gone, but something says that there was one.
	ErrMissing = errors.New("the database is missing")

	// ErrPlace: the folder is not one where a database is safe.
	ErrPlace = errors.New("not a safe place for a database")
)
