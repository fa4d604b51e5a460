package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"processmanager/ppm"
)

const (
	erased  = "its content was erased"
	expired = "its content has expired"

	// forgetStep is how many notifications one change forgets.
	forgetStep = 50

	// scanStep is how many identities one read goes through.
	scanStep = 100_000
)

// Erase implements [db.Past]. The order of its steps is such that one that was
// broken off at any point, and done again, leaves nothing.
func (s *Store) Erase(ctx context.Context, application, by string) (ppm.Erased, error) {
	if application == "" {
		return ppm.Erased{}, errors.New("erase: no application's number was given")
	}
	e, err := s.erase(ctx, application, by)
	if err != nil {
		return e, fmt.Errorf("erase %s: %w; it is not done, do it again", application, plain(err))
	}
	return e, nil
}

func (s *Store) erase(ctx context.Context, application, by string) (e ppm.Erased, err error) {
	action, err := s.beginErasing(application, by)
	if err != nil {
		return e, err
	}
	ids, err := s.about(ctx, application)
	if err != nil {
		return e, err
	}
	for part := range slices.Chunk(ids, forgetStep) {
		if err := s.eraseSome(ctx, part, &e); err != nil {
			return e, err
		}
	}
	if e.Rejections, err = s.eraseRejections(ctx, application); err != nil {
		return e, err
	}
	if err := s.eraseActions(ctx, application, ids); err != nil {
		return e, err
	}
	if err := s.index.scrub(ctx); err != nil {
		return e, fmt.Errorf("search index: %w", err)
	}
	err = sweep(ctx, s.read, func(pages []int64) error {
		return s.later(len(pages), 4096*len(pages), func(b *batch) error { return b.wipe(pages) })
	})
	if err != nil {
		return e, err
	}
	if err := s.emptyLog(ctx); err != nil {
		return e, err
	}
	return e, s.endErasing(action, e) // not before: until then it is not done
}

// beginErasing notes who erases what, before anything is gone, and returns the
// number of that action.
func (s *Store) beginErasing(application, by string) (action int64, err error) {
	err = s.later(1, 0, func(b *batch) error {
		if err := b.act(by, "erased", application, "broken off"); err != nil {
			return err
		}
		values, err := b.row(`SELECT last_insert_rowid()`)
		if err == nil {
			action = number(values[0])
		}
		return err
	})
	return action, err
}

// endErasing notes what was erased.
func (s *Store) endErasing(action int64, e ppm.Erased) error {
	return s.later(1, 0, func(b *batch) error {
		_, err := b.exec(`UPDATE action SET details = ? WHERE id = ?`,
			ppm.Counted(e.Notifications, "notification", "notifications")+", "+
				ppm.Counted(e.Rejections, "rejection", "rejections")+", "+
				ppm.Counted(e.Stopped, "delivery", "deliveries")+" stopped", action)
		return err
	})
}

// about returns the numbers of all notifications about an application,
// ascending. There is no index by application, which every acknowledgement
// would pay for; but each identity has the end of the number in it, and their
// index is short enough to be read through. It is read in steps, so that none
// keeps the log from being emptied.
func (s *Store) about(ctx context.Context, application string) (ids []int64, err error) {
	beyond := bytes.Repeat([]byte{0xff}, ppm.IdentitySize+1)
	for after := []byte{}; !bytes.Equal(after, beyond); {
		end, err := s.identityAfter(ctx, after, scanStep)
		if err != nil {
			return nil, err
		}
		if end == nil {
			end = beyond
		}
		part, err := s.aboutBetween(ctx, after, end, application)
		if err != nil {
			return nil, err
		}
		ids, after = append(ids, part...), end
	}
	slices.Sort(ids)
	return ids, nil
}

// identityAfter returns the identity that is so many beyond after, nil if there
// are not so many.
func (s *Store) identityAfter(ctx context.Context, after []byte, so int) (identity []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err = s.read.QueryRowContext(ctx, `
		SELECT identity
		FROM notification
		WHERE identity > ?
		ORDER BY identity
		LIMIT 1
		OFFSET ?`, after, so-1).Scan(&identity)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return identity, err
}

// aboutBetween is about for the identities beyond after, up to end.
func (s *Store) aboutBetween(ctx context.Context, after, end []byte, application string) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	identity := ppm.Notification{Application: application}.Identity()
	return list(ctx, s.read, scanNumber, `
		SELECT id
		FROM notification INDEXED BY notification_identity
		WHERE identity > ? AND identity <= ? AND substr(identity, 5, 8) = ? AND application = ?`,
		after, end, identity[4:12], application)
}

func scanNumber(row scanner) (n int64, err error) { return n, row.Scan(&n) }

// eraseSome forgets some notifications and adds to e what that was.
func (s *Store) eraseSome(ctx context.Context, ids []int64, e *ppm.Erased) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var some ppm.Erased
	err := s.index.without(ctx, ids, func() error {
		return s.later(8*len(ids), 0, func(b *batch) error {
			some = ppm.Erased{}
			for _, id := range ids {
				stopped, was, err := b.forget(id, erased, time.Now())
				if err != nil {
					return err
				}
				some.Stopped += stopped
				if was {
					some.Notifications++
				}
			}
			return nil
		})
	})
	e.Notifications, e.Stopped = e.Notifications+some.Notifications, e.Stopped+some.Stopped
	return err
}
