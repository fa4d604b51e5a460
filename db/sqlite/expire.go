package sqlite

import (
	"context"
	"fmt"
	"time"

	"processmanager/ppm"
)

// Expire implements [db.Past].
func (s *Store) Expire(ctx context.Context, now time.Time, r ppm.Retention) (e ppm.Erased, more bool, err error) {
	if r.Bodies <= 0 {
		return e, false, nil
	}
	var ids []int64
	err = s.later(8*forgetStep, 0, func(b *batch) (err error) {
		ids, more, err = b.expire(now, r)
		return err
	})
	if err == nil && len(ids) > 0 {
		e.Notifications = int64(len(ids))
		err = s.index.forget(ctx, ids, false)
	}
	if err == nil && !more {
		err = s.later(1, 0, func(b *batch) error {
			deleted, err := b.exec(`DELETE FROM rejection WHERE received_at < ?`, micros(now.Add(-r.Bodies)))
			if err == nil {
				e.Rejections, err = deleted.RowsAffected()
			}
			return err
		})
	}
	if err != nil {
		return e, false, fmt.Errorf("forget what is older than %s: %w", r.Bodies, plain(err))
	}
	return e, more, nil
}

// expire forgets some notifications that are old enough, and says whether there
// may be more. It goes on where it stopped the last time: who was not ready
// then waits in expiry_later.
func (b *batch) expire(now time.Time, r ppm.Retention) (ids []int64, more bool, err error) {
	values, err := b.row(`
		SELECT (SELECT value FROM tally WHERE name = 'expired'), (SELECT value FROM tally WHERE name = 'routed'), (SELECT value FROM tally WHERE name = 'idle')`)
	if err != nil {
		return nil, false, err
	}
	upTo, routed, idle := number(values[0]), number(values[1]), number(values[2]) != 0
	rows, err := b.all(`
		SELECT id, received_at, open, gave_up, coalesce(ended_at, received_at)
		FROM notification
			LEFT JOIN work ON notification = id
		WHERE id > ? AND (id <= ? OR ?)
		ORDER BY id
		LIMIT ?`, upTo, routed, idle, int64(forgetStep))
	if err != nil {
		return nil, false, err
	}
	passed := upTo
	for _, row := range rows {
		id, left := number(row[0]), remains{number(row[2]), number(row[3])}
		if number(row[1]) > micros(now.Add(-r.Bodies)) {
			break // and so are those after it
		}
		passed = id
		if left.old(at(number(row[4])), now, r) {
			ids = append(ids, id)
			continue
		}
		if _, err := b.exec(`INSERT INTO expiry_later (notification) VALUES (?)`, id); err != nil {
			return nil, false, err
		}
	}
	if passed > upTo {
		if _, err := b.exec(`UPDATE tally SET value = ? WHERE name = 'expired'`, passed); err != nil {
			return nil, false, err
		}
	}
	if more = len(rows) == forgetStep && passed == number(rows[len(rows)-1][0]); !more {
		if more, err = b.expireLater(now, r, &ids); err != nil {
			return nil, false, err
		}
	}
	for _, id := range ids {
		if _, err := b.forget(id, expired, now); err != nil {
			return nil, false, err
		}
	}
	return ids, more, nil
}

// old reports whether a notification of which so much is left, and which ended
// when it did, is to be forgotten.
func (left remains) old(ended, now time.Time, r ppm.Retention) bool {
	switch {
	case left.open > 0:
		return false
	case left.gaveUp > 0:
		return r.DeadLetters > 0 && !ended.After(now.Add(-max(r.DeadLetters, r.Bodies)))
	}
	return !ended.After(now.Add(-r.Bodies))
}

// expireLater adds to ids those that were not ready once and are now.
func (b *batch) expireLater(now time.Time, r ppm.Retention, ids *[]int64) (more bool, err error) {
	dead := int64(-1 << 62) // never
	if r.DeadLetters > 0 {
		dead = micros(now.Add(-max(r.DeadLetters, r.Bodies)))
	}
	rows, err := b.all(`
		SELECT expiry_later.notification
		FROM expiry_later
			JOIN work USING (notification)
		WHERE open = 0 AND ended_at <= iif(gave_up > 0, ?, ?)
		LIMIT ?`, dead, micros(now.Add(-r.Bodies)), int64(forgetStep))
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		*ids = append(*ids, number(row[0]))
		if _, err := b.exec(`DELETE FROM expiry_later WHERE notification = ?`, number(row[0])); err != nil {
			return false, err
		}
	}
	return len(rows) == forgetStep, nil
}
