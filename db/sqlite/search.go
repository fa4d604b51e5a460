package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"processmanager/ppm"
)

// indexName is the search index, a file of its own: nothing on the way to the
// acknowledgement waits for it, and it can be deleted at any time.
const indexName = "search.db"

const (
	indexSchema = 1
	indexStep   = 500 // notifications a transaction

	// The index is filled when nothing has arrived for quiet, or after patience
	// all the same, but then for a tenth of the time only.
	quiet    = 250 * time.Millisecond
	patience = 10 * time.Second

	// searchWait is how long a search may spend on first indexing what is new.
	searchWait = time.Second
)

// An index makes notifications searchable after they have been acknowledged.
type index struct {
	store   *Store
	log     *slog.Logger
	arrived atomic.Uint64
	hints   chan struct{} // holds one: there is something new
	stop    context.CancelFunc
	done    chan struct{}

	mu sync.Mutex // held while filling
	db *sql.DB    // nil until first needed
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
			x.log.Warn("the search index could not be filled; it will be tried again with the next notification", "err", err)
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

// fill indexes the next indexStep notifications and returns how many are left.
// A damaged index is made anew.
func (x *index) fill(ctx context.Context) (behind int64, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if behind, err = x.step(ctx); !unusable(err) {
		return behind, err
	}
	x.log.Warn("making the search index anew", "err", err)
	if err := errors.Join(x.shut(), removeDatabase(x.path())); err != nil {
		return 0, err
	}
	return x.step(ctx)
}

// unusable reports whether err says that an index is not what we made.
func unusable(err error) bool {
	switch code(err) {
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_ERROR:
		return true
	}
	return false
}

func (x *index) path() string { return filepath.Join(x.store.dir, indexName) }

func (x *index) shut() error {
	if x.db == nil {
		return nil
	}
	err := x.db.Close()
	x.db = nil
	return err
}

// step is fill without the mending. The caller holds mu.
func (x *index) step(ctx context.Context) (behind int64, err error) {
	if err := x.open(ctx); err != nil {
		return 0, fmt.Errorf("open the search index: %w", err)
	}
	upTo, err := x.upTo(ctx)
	if err != nil {
		return 0, err
	}
	var newest int64
	if err := x.store.read.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM notification`).Scan(&newest); err != nil {
		return 0, err
	}
	if newest == upTo {
		return 0, nil
	}
	rows, err := x.store.read.QueryContext(ctx, `
		SELECT id, application, type, event, partner, coalesce(body, '')
		FROM notification
		WHERE id > ?
		ORDER BY id
		LIMIT ?`, upTo, indexStep)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	for rows.Next() {
		var application, kind, event, partner string
		var body []byte
		if err := rows.Scan(&upTo, &application, &kind, &event, &partner, &body); err != nil {
			return 0, err
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO entry (rowid, application, type, event, partner, body)
			VALUES (?, ?, ?, ?, ?, ?)`, upTo, application, kind, event, partner, string(body)); err != nil {
			return 0, err
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE progress SET up_to = ?`, upTo); err != nil {
		return 0, err
	}
	return newest - upTo, tx.Commit()
}

func (x *index) upTo(ctx context.Context) (n int64, err error) {
	err = x.db.QueryRowContext(ctx, `SELECT up_to FROM progress`).Scan(&n)
	return n, err
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
	connector, err := sqlite.NewConnector(dsn(x.path(), "_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=5000&_dqs=0"))
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
		CREATE TABLE progress (up_to INTEGER NOT NULL) STRICT;
		INSERT INTO progress (up_to) VALUES (0);
		PRAGMA user_version = %d;
		COMMIT`, indexSchema))
	return err
}

// Search implements [db.Store].
func (s *Store) Search(ctx context.Context, text string, p ppm.Page) ([]ppm.Record, int64, error) {
	after, err := start(p)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	behind, err := s.index.freshen(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("search: %w", err)
	}
	ids, err := s.index.find(ctx, phrase(text), after, p)
	if err != nil {
		return nil, 0, fmt.Errorf("search: %w", err)
	}
	direction := "DESC"
	if p.OldestFirst {
		direction = "ASC"
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, 0, err
	}
	records, err := s.records(ctx, `
		SELECT `+recordColumns+`
		FROM notification
		WHERE id IN (SELECT value FROM json_each(?))
		ORDER BY id `+direction, string(list))
	return records, behind, err
}

// freshen spends up to searchWait on filling the index.
func (x *index) freshen(ctx context.Context) (behind int64, err error) {
	for began := time.Now(); ; {
		behind, err = x.fill(ctx)
		if err != nil || behind == 0 || time.Since(began) > searchWait {
			return behind, err
		}
	}
}

// find returns a page of the numbers of the notifications that match.
func (x *index) find(ctx context.Context, match string, after int64, p ppm.Page) ([]int64, error) {
	if match == "" {
		return []int64{}, nil
	}
	query := `SELECT rowid FROM entry WHERE entry MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?`
	if p.OldestFirst {
		query = `SELECT rowid FROM entry WHERE entry MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?`
	}
	x.mu.Lock()
	pool := x.db
	x.mu.Unlock()
	rows, err := pool.QueryContext(ctx, query, match, after, p.Limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := []int64{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// phrase returns the FTS5 query for text: every word, or the beginning of one,
// must occur. Quoted, a word has no other meaning to FTS5.
func phrase(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = `"` + strings.ReplaceAll(w, `"`, `""`) + `"*`
	}
	return strings.Join(words, " ")
}
