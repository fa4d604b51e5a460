package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"processmanager/ppm"
)

// Claim implements [db.Store].
func (s *Store) Claim(ctx context.Context, client int64, now, until time.Time, horizon time.Duration, limit int) ([]ppm.Delivery, time.Time, error) {
	far := now.Add(horizon)
	if far.Before(until) { // what has just been leased is not to be leased at once again
		far = until
	}
	due, next, err := s.due(ctx, client, now, far)
	if err != nil || !due || limit <= 0 {
		return nil, next, err
	}
	var claimed []ppm.Delivery
	err = s.later(limit, 0, func(b *batch) (err error) {
		claimed, next, err = b.claim(client, now, until, far, limit)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("claim for client %d: %w", client, err)
	}
	return claimed, next, nil
}

// due reports whether anything of a client is due, and if not, when the next
// will be; for a client that is held, nothing ever.
func (s *Store) due(ctx context.Context, client int64, now, far time.Time) (due bool, next time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var first, last sql.NullInt64
	err = s.read.QueryRowContext(ctx, `
		SELECT (`+firstDue+`), (`+lastDue+`)
		FROM client
		WHERE id = ? AND NOT held`, client, client, client).Scan(&first, &last)
	switch {
	case err == sql.ErrNoRows || err == nil && !first.Valid:
		return false, time.Time{}, nil
	case err != nil:
		return false, time.Time{}, fmt.Errorf("look for what is due to client %d: %w", client, plain(err))
	}
	return first.Int64 <= micros(now) || last.Int64 > micros(far), at(first.Int64), nil
}

const (
	firstDue = `
		SELECT next_attempt
		FROM delivery
		WHERE client = ? AND next_attempt IS NOT NULL
		ORDER BY next_attempt
		LIMIT 1`
	lastDue = `
		SELECT next_attempt
		FROM delivery
		WHERE client = ? AND next_attempt IS NOT NULL
		ORDER BY next_attempt DESC
		LIMIT 1`
)

// claimQuery leases what is due between two times. It looks for the rows first
// and changes them by their key, since the change moves them in the index.
const claimQuery = `
	UPDATE delivery
	SET claim = ?1, next_attempt = ?2
	WHERE client = ?3 AND notification IN (
		SELECT notification
		FROM delivery
		WHERE client = ?3 AND next_attempt BETWEEN ?4 AND ?5
		ORDER BY next_attempt
		LIMIT ?6)
	RETURNING ` + deliveryColumns

// nextQuery is when the next is due that a lease did not take.
const nextQuery = `
	SELECT next_attempt
	FROM delivery
	WHERE client = ? AND next_attempt IS NOT NULL AND claim <> ?
	ORDER BY next_attempt
	LIMIT 1`

// claim leases what is due at now, first that which is longest, and then what
// is due later than far.
func (b *batch) claim(client int64, now, until, far time.Time, limit int) (claimed []ppm.Delivery, next time.Time, err error) {
	lease := rand.Int64()>>1 + 1 // not 0
	for _, span := range [...][2]int64{{math.MinInt64, micros(now)}, {micros(far) + 1, math.MaxInt64}} {
		if len(claimed) == limit {
			break
		}
		rows, err := b.all(claimQuery, lease, micros(until), client, span[0], span[1], int64(limit-len(claimed)))
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("lease: %w", err)
		}
		slices.SortFunc(rows, func(a, b []driver.Value) int { return cmp.Compare(number(a[0]), number(b[0])) })
		for _, values := range rows {
			d, err := deliveryOf(values)
			if err != nil {
				return nil, time.Time{}, err
			}
			claimed = append(claimed, d)
		}
	}
	values, err := b.row(nextQuery, client, lease)
	if errors.Is(err, io.EOF) {
		return claimed, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("look for the next: %w", err)
	}
	next = at(number(values[0]))
	if last, err := b.row(lastDue, client); err == nil && len(claimed) == limit && number(last[0]) > micros(far) {
		next = now
	}
	return claimed, next, nil
}
