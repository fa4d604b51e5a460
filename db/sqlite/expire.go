package sqlite

import (
	"context"
	"fmt"
	"time"

	"processmanager/ppm"
)

// Expire implements [db.Past].
//
// It goes through the notifications in the order of their numbers and goes on
// where it stopped the last time. Those that are not to be forgotten when those
// around them are go into expiry_later, and are looked at once a day from then on.
func (s *Store) Expire(ctx context.Context, now time.Time, r ppm.Retention) (e ppm.Erased, more bool, err error) {
	if r.Shortest() == 0 {
		return e, false, nil
	}
	more, err = s.expire(ctx, now, r, &e)
	if err == nil && r.Bodies > 0 {
		var rejections bool
		rejections, err = s.expireRejections(ctx, now.Add(-r.Bodies), &e)
		more = more || rejections
	}
	if err != nil {
		return e, false, fmt.Errorf("forget what is too old: %w", plain(err))
	}
	return e, more, nil
}

func (s *Store) expire(ctx context.Context, now time.Time, r ppm.Retention, e *ppm.Erased) (more bool, err error) {
	if err := s.beginAgain(ctx, r); err != nil {
		return false, err
	}
	aged, more, err := s.aged(ctx, now, r)
	if err != nil || len(aged) == 0 {
		return false, err
	}
	var old []int64
	for i, a := range aged {
		if !a.due(now, r) {
			continue
		}
		if len(old) == forgetStep {
			aged, more = aged[:i], true
			break
		}
		old = append(old, a.id)
	}
	var forgotten int64
	err = s.index.without(ctx, old, func() error {
		return s.later(8*len(old)+len(aged)-len(old), 0, func(b *batch) (err error) {
			forgotten, err = b.expire(aged, now, r)
			return err
		})
	})
	e.Notifications += forgotten
	return more, err
}

// beginAgain has all notifications looked at again if complete ones were
// passed, being kept for ever, and are not any more.
func (s *Store) beginAgain(ctx context.Context, r ppm.Retention) error {
	var passed bool
	err := s.read.QueryRowContext(ctx, `SELECT value FROM tally WHERE name = 'passed'`).Scan(&passed)
	if err != nil || !passed || r.Bodies <= 0 {
		return err
	}
	return s.later(1, 0, func(b *batch) error {
		_, err := b.exec(`UPDATE tally SET value = 0 WHERE name IN ('passed', 'expired')`)
		return err
	})
}

// expire forgets those of aged that are still due, notes when to look at the
// others again, and returns how many it has forgotten.
func (b *batch) expire(aged []aging, now time.Time, r ppm.Retention) (forgotten int64, err error) {
	var upTo int64
	passed := false
	for _, a := range aged {
		if !a.later {
			upTo = a.id
		}
		if a.due(now, r) {
			if a, err = b.aging(a); err != nil { // it may have been sent again meanwhile
				return 0, err
			}
		}
		switch {
		case a.due(now, r):
			if _, _, err = b.forget(a.id, expired, now); err == nil {
				err = b.expireNoMore(a)
			}
			forgotten++
		case a.blank:
			err = b.expireNoMore(a)
		case a.status == ppm.Complete && r.Bodies <= 0 && !a.later:
			passed = true
		default:
			err = b.expireLater(a, now, r)
		}
		if err != nil {
			return 0, err
		}
	}
	if passed {
		if _, err := b.exec(`UPDATE tally SET value = 1 WHERE name = 'passed'`); err != nil {
			return 0, err
		}
	}
	if upTo > 0 {
		_, err = b.exec(`UPDATE tally SET value = max(value, ?) WHERE name = 'expired'`, upTo)
	}
	return forgotten, err
}

// expireNoMore notes that a need not be looked at any more.
func (b *batch) expireNoMore(a aging) error {
	if !a.later {
		return nil
	}
	_, err := b.exec(`DELETE FROM expiry_later WHERE notification = ?`, a.id)
	return err
}

// expireLater notes when to look at a again.
func (b *batch) expireLater(a aging, now time.Time, r ppm.Retention) error {
	look := now.Add(lookAgain)
	if end := r.Ends(a.status, a.since); !end.IsZero() && end.After(now) && end.Before(look) {
		look = end
	}
	_, err := b.exec(`
		INSERT INTO expiry_later (notification, look_at)
		VALUES (?, ?)
		ON CONFLICT (notification) DO UPDATE
		SET look_at = excluded.look_at`, a.id, micros(look))
	return err
}

// expireRejections deletes some rejections from before a time.
func (s *Store) expireRejections(ctx context.Context, before time.Time, e *ppm.Erased) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	old, err := list(ctx, s.read, scanNumber, `
		SELECT id
		FROM rejection
		WHERE received_at <= ?
		ORDER BY id
		LIMIT ?`, micros(before), rejectionStep)
	if err != nil {
		return false, err
	}
	for _, id := range old {
		if err := s.deleteRejection(id); err != nil {
			return false, err
		}
		e.Rejections++
	}
	return len(old) == rejectionStep, nil
}
