package sqlite

import (
	"context"
	"fmt"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// Audit implements [db.Past].
func (s *Store) Audit(_ context.Context, a ppm.Action) error {
	return s.later(1, 0, func(b *batch) error { return b.audit(a) })
}

// act notes what somebody is doing, in the transaction in which it is done.
func (b *batch) act(by, what, about, details string) error {
	return b.audit(ppm.Action{At: time.Now(), By: by, What: what, About: about, Details: details})
}

func (b *batch) audit(a ppm.Action) error {
	b.changed[db.Outcomes] = true
	_, err := b.exec(`
		INSERT INTO action (at, by, what, about, details)
		VALUES (?, ?, ?, ?, ?)`, micros(a.At), a.By, a.What, a.About, a.Details)
	if err != nil {
		return fmt.Errorf("note in the audit log that %s: %w", a.What, err)
	}
	return nil
}

// Actions implements [db.Past].
func (s *Store) Actions(ctx context.Context, about string, before int64, limit int) ([]ppm.Action, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if before == 0 {
		before = 1<<63 - 1
	}
	query, args := `
		SELECT id, at, by, what, about, details
		FROM action
		WHERE id < ?
		ORDER BY id DESC
		LIMIT ?`, []any{before, max(0, limit)}
	if about != "" {
		query, args = `
		SELECT id, at, by, what, about, details
		FROM action
		WHERE about = ? AND id < ?
		ORDER BY id DESC
		LIMIT ?`, append([]any{about}, args...)
	}
	actions, err := list(ctx, s.read, func(row scanner) (a ppm.Action, err error) {
		var when int64
		err = row.Scan(&a.Number, &when, &a.By, &a.What, &a.About, &a.Details)
		a.At = at(when)
		return a, err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list actions: %w", plain(err))
	}
	return actions, nil
}
