package sqlite

import (
	"context"
	"fmt"
	"time"

	"processmanager/ppm"
)

// arrivedBefore returns the number of the last notification that arrived before
// t, 0 if none did. Numbers are in the order of arrival but for moments, and for
// clocks that were put back, after which this is one of several answers.
func (s *Store) arrivedBefore(ctx context.Context, t time.Time) (int64, error) {
	newest, err := s.newest(ctx)
	if err != nil {
		return 0, err
	}
	return s.lastBefore(ctx, micros(t), 0, newest)
}

// lastBefore returns the last of the numbers over low and up to high whose
// notification arrived before at, low if none did.
func (s *Store) lastBefore(ctx context.Context, at, low, high int64) (int64, error) {
	for low < high {
		middle := low + (high-low+1)/2
		var arrived int64
		if err := s.read.QueryRowContext(ctx, `SELECT received_at FROM notification WHERE id = ?`, middle).Scan(&arrived); err != nil {
			return 0, err
		}
		if arrived < at {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low, nil
}

// Pace implements [db.Store]. Numbers have no gaps: how many arrived between two
// times is the difference of two numbers, and nothing needs to be counted.
func (s *Store) Pace(ctx context.Context, since, until time.Time, stretches int) ([]ppm.Stretch, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	newest, err := s.newest(ctx)
	if err != nil {
		return nil, fmt.Errorf("count by time: %w", plain(err))
	}
	made := make([]ppm.Stretch, stretches)
	bounds := make([]int64, stretches+1)
	edge := func(i int) time.Time {
		return since.Add(until.Sub(since) * time.Duration(i) / time.Duration(stretches))
	}
	// The middle is looked for first, so that it bounds the halves.
	var between func(i, j int, low, high int64) error
	between = func(i, j int, low, high int64) error {
		if j-i < 2 {
			return nil
		}
		m := (i + j) / 2
		if bounds[m], err = s.lastBefore(ctx, micros(edge(m)), low, high); err != nil {
			return err
		}
		if err := between(i, m, low, bounds[m]); err != nil {
			return err
		}
		return between(m, j, bounds[m], high)
	}
	if bounds[0], err = s.lastBefore(ctx, micros(since), 0, newest); err == nil {
		bounds[stretches], err = s.lastBefore(ctx, micros(until), bounds[0], newest)
	}
	if err == nil {
		err = between(0, stretches, bounds[0], bounds[stretches])
	}
	if err != nil {
		return nil, fmt.Errorf("count by time: %w", plain(err))
	}
	for i := range made {
		made[i] = ppm.Stretch{From: edge(i), Notifications: bounds[i+1] - bounds[i]}
	}
	return made, nil
}

// viewMost bounds what ViewCounts counts.
const viewMost = 1000

// ViewCounts implements [db.Store].
func (s *Store) ViewCounts(ctx context.Context) (ppm.ViewCounts, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	c := ppm.ViewCounts{AtMost: viewMost}
	err := s.read.QueryRowContext(ctx, `
		SELECT (SELECT count(*) FROM (
				SELECT record.notification FROM (`+sourceNeedsYou+`) AS record
				WHERE `+needsYouOf+`)),
			(SELECT count(*) FROM (SELECT nth FROM arrival ORDER BY notification DESC LIMIT ?2) WHERE nth = 2)`,
		int64(1<<63-1), viewMost).Scan(&c.NeedsYou, &c.Again)
	if err != nil {
		return ppm.ViewCounts{}, fmt.Errorf("count: %w", plain(err))
	}
	return c, nil
}

const needsYouOf = `EXISTS (
	SELECT 1 FROM delivery JOIN client ON client.id = client
	WHERE delivery.notification = record.notification AND (state = 4 OR state <= 2 AND failing >= ` + downAfter + `))`
