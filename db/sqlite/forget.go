package sqlite

import (
	"context"
	"fmt"
	"time"

	"processmanager/db"
)

// forget removes everything personal of a notification and says why in its
// place; what identifies it stays. What of it was still waiting gives up.
func (b *batch) forget(id int64, why string, now time.Time) (stopped int64, err error) {
	for _, query := range []string{
		`UPDATE notification SET body = NULL WHERE id = ? AND body IS NOT NULL`,
		`UPDATE arrival SET body = NULL WHERE notification = ? AND body IS NOT NULL`,
		`UPDATE fetch SET data = NULL WHERE notification = ? AND data IS NOT NULL`,
	} {
		if _, err := b.exec(query, id); err != nil {
			return 0, fmt.Errorf("forget notification %d: %w", id, err)
		}
	}
	if _, err := b.exec(`
		UPDATE attempt
		SET excerpt = NULL, error = iif(error = '', '', ?)
		WHERE notification = ?`, why, id); err != nil {
		return 0, fmt.Errorf("forget the attempts of notification %d: %w", id, err)
	}
	rows, err := b.all(`
		SELECT client, state, application, error
		FROM delivery
		WHERE notification = ?`, id)
	if err != nil {
		return 0, err
	}
	var left remains
	for _, values := range rows {
		client, state := number(values[0]), number(values[1])
		if state == stateWaiting || state == stateNeedsData {
			stopped++
			b.client(client).count(state, stateGaveUp)
			left.count(state, stateGaveUp)
			state = stateGaveUp
		}
		if err := b.forgetDelivery(id, client, state, text(values[3]), why, now); err != nil {
			return 0, fmt.Errorf("forget the delivery of notification %d to client %d: %w", id, client, err)
		}
		if err := b.advance(client, text(values[2]), now); err != nil {
			return 0, err
		}
	}
	return stopped, b.work(id, left, now)
}

// forgetDelivery blanks what a delivery tells of the application, and sets its state.
func (b *batch) forgetDelivery(id, client, state int64, said, why string, now time.Time) error {
	if said != "" {
		if _, err := b.exec(`UPDATE client SET last_error = ? WHERE id = ? AND last_error = ?`, why, client, said); err != nil {
			return err
		}
	}
	_, err := b.exec(`
		UPDATE delivery
		SET changed_at = iif(state = ?1, changed_at, ?2), error = iif(error = '' AND state = ?1, '', ?3),
			state = ?1, queued = 0, next_attempt = NULL, claim = 0, reason = ?3
		WHERE notification = ?4 AND client = ?5`, state, micros(now), why, id, client)
	return err
}

// forget takes the bodies of notifications out of the index; what identifies
// them can still be found. With scrub nothing of the old text is left in the
// index's files when it returns.
func (x *index) forget(ctx context.Context, ids []int64, scrub bool) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return db.ErrUnavailable
	}
	if err := x.open(ctx); err != nil {
		return fmt.Errorf("open the search index: %w", err)
	}
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, id := range ids {
		deleted, err := tx.ExecContext(ctx, `DELETE FROM entry WHERE rowid = ? AND rowid <= (SELECT up_to FROM progress)`, id)
		if err != nil {
			return err
		}
		if n, _ := deleted.RowsAffected(); n == 0 {
			continue // not indexed yet, and then without a body
		}
		var e entry
		err = x.store.read.QueryRowContext(ctx, `
			SELECT application, type, event, partner
			FROM notification
			WHERE id = ?`, id).Scan(&e.application, &e.kind, &e.event, &e.partner)
		if err != nil {
			return sourceError{err}
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO entry (rowid, application, type, event, partner, body)
			VALUES (?, ?, ?, ?, ?, '')`, id, e.application, e.kind, e.event, e.partner); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil || !scrub {
		return err
	}
	// All segments are written anew without what was deleted; secure_delete
	// overwrites the old pages, and the log has copies of them until it is emptied.
	for _, statement := range []string{`INSERT INTO entry (entry) VALUES ('optimize')`, `PRAGMA wal_checkpoint(TRUNCATE)`} {
		if _, err := x.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
