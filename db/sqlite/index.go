package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"processmanager/db"
)

// indexName is the search index, a file of its own: nothing on the way to the
// acknowledgement waits for it, and it can be deleted at any time.
const indexName = "search.db"

const (
	indexSchema = 3

	// A transaction takes so many notifications, and bodies of so many bytes.
	indexStep  = 500
	indexBytes = 4 << 20

	// The index is filled when nothing has arrived for quiet, or after patience
	// all the same, but then for a tenth of the time only.
	quiet    = 250 * time.Millisecond
	patience = 10 * time.Second

	// afterFailure is the least time until the next try after one that failed.
	afterFailure = time.Minute
)

// An index makes notifications searchable after they have been acknowledged.
type index struct {
	store   *Store
	log     *slog.Logger
	arrived atomic.Uint64
	hints   chan struct{} // holds one: there is something new
	stop    context.CancelFunc
	done    chan struct{}

	mu     sync.Mutex // held while filling
	db     *sql.DB    // nil until first needed
	closed bool
}

func newIndex(s *Store) *index {
	ctx, stop := context.WithCancel(context.Background())
	x := &index{store: s, log: s.log, hints: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	x.hints <- struct{}{} // what an earlier run left
	go x.run(ctx)
	return x
}

// hint says that a notification has been stored.
func (x *index) hint() {
	x.arrived.Add(1)
	select {
	case x.hints <- struct{}{}:
	default:
	}
}

func (x *index) close() error {
	x.stop()
	<-x.done
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	return x.shut()
}

func (x *index) run(ctx context.Context) {
	defer close(x.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.hints:
		}
		if !x.waitForQuiet(ctx) {
			return
		}
		if err := x.catchUp(ctx); err != nil && ctx.Err() == nil {
			x.log.Warn("the search index could not be filled; it will be tried again with a later notification", "err", err)
			if !pause(ctx, afterFailure) {
				return
			}
		}
	}
}

// waitForQuiet returns false when ctx has ended.
func (x *index) waitForQuiet(ctx context.Context) bool {
	for began := time.Now(); time.Since(began) < patience; {
		before := x.arrived.Load()
		if !pause(ctx, quiet) {
			return false
		}
		if x.arrived.Load() == before {
			break
		}
	}
	return true
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// catchUp fills the index with all that is stored.
func (x *index) catchUp(ctx context.Context) error {
	for {
		began, before := time.Now(), x.arrived.Load()
		behind, err := x.fill(ctx)
		if err != nil || behind == 0 {
			return err
		}
		rest := time.Duration(0)
		if x.arrived.Load() != before {
			rest = 9 * time.Since(began)
		}
		if !pause(ctx, rest) {
			return ctx.Err()
		}
	}
}

// fill indexes some more notifications and returns how many are left. An index
// that is damaged, or was made for another database, is made anew.
func (x *index) fill(ctx context.Context) (behind int64, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return 0, db.ErrUnavailable
	}
	if behind, err = x.step(ctx); !unusable(err) {
		return behind, err
	}
	x.log.Warn("making the search index anew", "err", err)
	if err := errors.Join(x.shut(), removeDatabase(x.path())); err != nil {
		return 0, err
	}
	return x.step(ctx)
}

var errOtherIndex = errors.New("it was made for another database")

// unusable reports whether err says that the index is not one we made for this
// database. Faults of the database itself come as a [sourceError].
func unusable(err error) bool {
	switch code(err) {
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_ERROR:
		return true
	}
	return errors.Is(err, errOtherIndex)
}

// A sourceError is a failure to read what is to be indexed. It hides the
// engine's error code: it says nothing about the index.
type sourceError struct{ err error }

func (e sourceError) Error() string { return "read what is to be indexed: " + e.err.Error() }

func (x *index) path() string { return filepath.Join(x.store.dir, indexName) }

func (x *index) shut() error {
	if x.db == nil {
		return nil
	}
	err := x.db.Close()
	x.db = nil
	return err
}

// An entry is what of a notification can be found.
type entry struct {
	id                                      int64
	identity                                []byte
	application, kind, event, partner, body string
}

// step is fill without the mending. The caller holds mu.
func (x *index) step(ctx context.Context) (behind int64, err error) {
	if err := x.open(ctx); err != nil {
		return 0, fmt.Errorf("open the search index: %w", err)
	}
	var upTo int64
	if err := x.db.QueryRowContext(ctx, `SELECT up_to FROM progress`).Scan(&upTo); err != nil {
		return 0, err
	}
	newest, err := x.store.newest(ctx)
	if err != nil {
		return 0, sourceError{err}
	}
	if newest <= upTo {
		return 0, nil
	}
	entries, err := x.store.entries(ctx, upTo)
	if err != nil {
		return 0, sourceError{err}
	}
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	for _, e := range entries {
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO entry (rowid, application, type, event, partner, body)
			VALUES (?, ?, ?, ?, ?, ?)`, e.id, e.application, e.kind, e.event, e.partner, e.body); err != nil {
			return 0, err
		}
	}
	last := entries[len(entries)-1]
	if _, err := tx.ExecContext(ctx, `UPDATE progress SET up_to = ?, identity = ?`, last.id, last.identity); err != nil {
		return 0, err
	}
	return newest - last.id, tx.Commit()
}

// newest returns the number of the newest notification, 0 if there is none.
func (s *Store) newest(ctx context.Context) (n int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM notification`).Scan(&n)
	return n, err
}

// entries returns the next notifications to index. Nothing is held open when it returns.
func (s *Store) entries(ctx context.Context, after int64) (entries []entry, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows, err := s.read.QueryContext(ctx, `
		SELECT id, identity, application, type, event, partner, coalesce(body, x'')
		FROM notification
		WHERE id > ?
		ORDER BY id
		LIMIT ?`, after, indexStep)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for bytes := 0; bytes < indexBytes && rows.Next(); {
		var e entry
		if err := rows.Scan(&e.id, &e.identity, &e.application, &e.kind, &e.event, &e.partner, &e.body); err != nil {
			return nil, err
		}
		bytes += len(e.body)
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// open opens the index, or makes it. The caller holds mu.
func (x *index) open(ctx context.Context) error {
	if x.db != nil {
		return nil
	}
	if err := touch(x.path()); err != nil {
		return err
	}
	// NORMAL: what a power cut takes from the index is indexed again.
	connector, err := sqlite.NewConnector(dsn(x.path(), "_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=5000&_txlock=immediate&_dqs=0"+
		"&_pragma=secure_delete(1)"))
	if err != nil {
		return err
	}
	x.db = sql.OpenDB(connector)
	x.db.SetMaxOpenConns(2)
	x.db.SetMaxIdleConns(1)
	var version int
	if err := x.db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return errors.Join(err, x.shut())
	}
	if version == indexSchema {
		if err := x.compare(ctx); err != nil {
			return errors.Join(err, x.shut())
		}
		return nil
	}
	if version != 0 {
		if err := errors.Join(x.shut(), removeDatabase(x.path())); err != nil {
			return err
		}
		return x.open(ctx)
	}
	_, err = x.db.ExecContext(ctx, fmt.Sprintf(`
		BEGIN IMMEDIATE;
		CREATE VIRTUAL TABLE entry USING fts5 (application, type, event, partner, body,
			content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
		CREATE TABLE progress (up_to INTEGER NOT NULL, identity BLOB NOT NULL) STRICT;
		INSERT INTO progress (up_to, identity) VALUES (0, x'');
		PRAGMA user_version = %d;
		COMMIT`, indexSchema))
	return err
}

// compare returns errOtherIndex if the last notification indexed is not in the
// database: somebody has put an older one in its place.
func (x *index) compare(ctx context.Context) error {
	var upTo int64
	var indexed, stored []byte
	if err := x.db.QueryRowContext(ctx, `SELECT up_to, identity FROM progress`).Scan(&upTo, &indexed); err != nil || upTo == 0 {
		return err
	}
	err := x.store.read.QueryRowContext(ctx, `SELECT identity FROM notification WHERE id = ?`, upTo).Scan(&stored)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return sourceError{err}
	}
	if !bytes.Equal(indexed, stored) {
		return errOtherIndex
	}
	return nil
}
