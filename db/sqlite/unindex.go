package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"processmanager/db"
)

// without takes the bodies of notifications out of the index, so that only
// what identifies them can still be found, and then has forget take them out
// of the database. Nothing is indexed in between. Were it the other way round,
// being killed in between would leave words that can be found for ever.
func (x *index) without(ctx context.Context, ids []int64, forget func() error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(ids) > 0 {
		if err := x.mended(func() error { return x.reduce(ctx, ids) }); err != nil {
			return fmt.Errorf("search index: %w", err)
		}
	}
	return forget()
}

// mended does something with the index. One that cannot be used is deleted
// instead, which takes everything out of it. The caller holds mu.
func (x *index) mended(do func() error) error {
	if x.closed {
		return db.ErrUnavailable
	}
	err := do()
	if !unusable(err) {
		return err
	}
	x.log.Warn("making the search index anew", "err", err)
	return errors.Join(x.shut(), removeDatabase(x.path()))
}

// reduce indexes the notifications again without their bodies. What is not
// indexed yet will be when its body has gone. The caller holds mu.
func (x *index) reduce(ctx context.Context, ids []int64) error {
	if err := x.open(ctx); err != nil {
		return fmt.Errorf("open it: %w", err)
	}
	numbers, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	entries, err := list(ctx, x.store.read, func(row scanner) (e entry, err error) {
		return e, row.Scan(&e.id, &e.application, &e.kind, &e.event, &e.partner)
	}, `
		SELECT id, application, type, event, partner
		FROM notification
		WHERE id IN (SELECT value FROM json_each(?))
		ORDER BY id`, string(numbers))
	if err != nil {
		return sourceError{err}
	}
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var upTo int64
	if err := tx.QueryRowContext(ctx, `SELECT up_to FROM progress`).Scan(&upTo); err != nil {
		return err
	}
	for _, e := range entries {
		if e.id > upTo {
			break
		}
		if _, err := tx.ExecContext(ctx, `
			REPLACE INTO entry (rowid, application, type, event, partner, body)
			VALUES (?, ?, ?, ?, ?, '')`, e.id, e.application, e.kind, e.event, e.partner); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// mergePages is about how many pages one step of a merge writes.
const mergePages = 200

// scrub returns when nothing is left in the files of the index of what has been
// taken out of it. FTS5 only notes what is deleted; all of it is written anew,
// in steps, without that. secure_delete overwrites the old pages, and the log,
// which has copies of them, is emptied.
func (x *index) scrub(ctx context.Context) error {
	pages := -mergePages // begin with everything
	for more := true; more; pages = mergePages {
		var err error
		if more, err = x.merge(ctx, pages); err != nil {
			return fmt.Errorf("write it anew: %w", err)
		}
	}
	if err := x.sweep(ctx); err != nil {
		return err
	}
	return awaitReaders(ctx, indexName, func() (empty bool, err error) {
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.db == nil {
			return true, nil // it has just been deleted, or closed and with it emptied
		}
		var busy int
		err = x.db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, new(int), new(int))
		return busy == 0, err
	})
}

// sweep blanks what is in the gaps of the index's pages.
func (x *index) sweep(ctx context.Context) error {
	x.mu.Lock()
	pool := x.db
	x.mu.Unlock()
	if pool == nil {
		return nil // it has just been deleted
	}
	return sweep(ctx, pool, func(pages []int64) error {
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.db != pool {
			return db.ErrUnavailable
		}
		return x.wipe(ctx, pages)
	})
}

// merge makes a step of writing the index anew and reports whether there was
// something to do.
func (x *index) merge(ctx context.Context, pages int) (more bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	err = x.mended(func() error {
		if err := x.open(ctx); err != nil {
			return err
		}
		tx, err := x.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var before, after int
		if err := tx.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&before); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO entry (entry, rank) VALUES ('merge', ?)`, pages); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&after); err != nil {
			return err
		}
		more = after-before >= 2 // as FTS5's documentation has it
		return tx.Commit()
	})
	return more, err
}

// emptyLog returns once the write-ahead log of the database is empty: it has
// copies of what has been overwritten.
func (s *Store) emptyLog(ctx context.Context) error {
	return awaitReaders(ctx, FileName, func() (empty bool, err error) {
		err = s.write.do(&change{rows: 1, done: make(chan error, 1), between: func(c *conn) error {
			if err := s.write.wal.empty(c); err != nil {
				return err
			}
			files, err := databaseIn(s.dir)
			empty = err == nil && files[1].Size() == 0
			return err
		}})
		return empty, err
	})
}

// awaitReaders tries to empty a log until it is. Our own readers are cut off in
// time, and nobody who posts waits for them meanwhile.
func awaitReaders(ctx context.Context, name string, try func() (empty bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout+lockWait)
	defer cancel()
	for {
		empty, err := try()
		if err != nil || empty {
			return err
		}
		if !pause(ctx, 50*time.Millisecond) {
			return fmt.Errorf("the log of %s could not be emptied, because it is being read all the time; close other programs that have it open", name)
		}
	}
}
