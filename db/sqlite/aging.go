package sqlite

import (
	"context"
	"fmt"
	"time"

	"processmanager/ppm"
)

const (
	// lookStep is how many notifications one call of Expire looks at. It
	// forgets forgetStep of them at most.
	lookStep = 500

	// lookAgain is how long a notification that was not to be forgotten yet is
	// not looked at, at most: it may have been sent again, or may be kept less
	// long now.
	lookAgain = 24 * time.Hour
)

// An aging is a notification that may be too old.
type aging struct {
	id     int64
	later  bool // it has been passed before
	blank  bool // it has been forgotten before
	status ppm.Status
	since  time.Time // when it came to that
}

// due reports whether a is to be forgotten.
func (a aging) due(now time.Time, r ppm.Retention) bool {
	end := r.Ends(a.status, a.since)
	return !a.blank && !end.IsZero() && !end.After(now)
}

// status is how far the work is of which so much is left.
func (r remains) status() ppm.Status {
	switch {
	case r.open > 0:
		return ppm.Queued
	case r.gaveUp > 0:
		return ppm.Failed
	}
	return ppm.Complete
}

const agingColumns = `notification.id, body IS NULL, coalesce(open, 0), coalesce(gave_up, 0), coalesce(ended_at, received_at), received_at`

// scanAging reads agingColumns.
func scanAging(row scanner) (a aging, received time.Time, err error) {
	var left remains
	var since, receivedAt int64
	err = row.Scan(&a.id, &a.blank, &left.open, &left.gaveUp, &since, &receivedAt)
	a.status, a.since = left.status(), at(since)
	return a, at(receivedAt), err
}

// aging returns a as it is now.
func (b *batch) aging(a aging) (aging, error) {
	v, err := b.row(`
		SELECT `+agingColumns+`
		FROM notification
			LEFT JOIN work ON work.notification = id
		WHERE id = ?`, a.id)
	if err != nil {
		return aging{}, fmt.Errorf("look at notification %d again: %w", a.id, err)
	}
	a.blank, a.status, a.since = number(v[1]) != 0, remains{number(v[2]), number(v[3])}.status(), at(number(v[4]))
	return a, nil
}

// aged returns some notifications that may be too old: those to be looked at
// again, and then the next ones. It reads them apart from the writer, so that
// nobody who posts waits for pages that have not been read for a month.
func (s *Store) aged(ctx context.Context, now time.Time, r ppm.Retention) (all []aging, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	all, err = list(ctx, s.read, func(row scanner) (aging, error) {
		a, _, err := scanAging(row)
		a.later = true
		return a, err
	}, `
		SELECT `+agingColumns+`
		FROM expiry_later
			JOIN notification ON id = expiry_later.notification
			LEFT JOIN work ON work.notification = id
		WHERE look_at <= ?
		ORDER BY look_at
		LIMIT ?`, micros(now), lookStep)
	if err != nil || len(all) == lookStep {
		return all, true, err
	}
	rows, err := s.read.QueryContext(ctx, `
		SELECT `+agingColumns+`
		FROM notification
			LEFT JOIN work ON work.notification = id
		WHERE id > (SELECT value FROM tally WHERE name = 'expired')
			AND (id <= (SELECT value FROM tally WHERE name = 'routed') OR (SELECT value FROM tally WHERE name = 'idle'))
		ORDER BY id
		LIMIT ?`, lookStep-len(all))
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		a, received, err := scanAging(rows)
		if err != nil {
			return nil, false, err
		}
		// Those after one that is young are younger. But one from the future came
		// while the clock was wrong, and must not stand before the others.
		if received.After(now.Add(-r.Shortest())) && !received.After(now.Add(lookAgain)) {
			return all, false, nil
		}
		all = append(all, a)
	}
	return all, len(all) == lookStep, rows.Err()
}
