package delivery_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"processmanager/ppm"
)

// A queue is a delivery.Queue in memory. It keeps leases as the store does: as
// the time of the next attempt, and a number that Record must know.
type queue struct {
	ordered bool // of one application, only the oldest is due

	// What may go wrong, called without the lock held; nil: nothing.
	claiming  func() error
	loading   func(ppm.Delivery) error
	recording func(ppm.Attempt) error
	recorded  func() // it is on disk, but Record has not returned

	mu     sync.Mutex
	rows   []*row
	leases int64
	claims int // calls
	empty  int // of which nothing was due
	most   int // claimed by one call
	lapsed int // leases that ended before they were recorded or given back
	given  int // back
	late   int // outcomes recorded when the lease was over
	kept   []ppm.Attempt
}

type row struct {
	ppm.Delivery
	lane int64
}

// add makes a delivery of a lane that is due at a time, and returns its name.
func (q *queue) add(lane int64, application string, due time.Time) ppm.DeliveryName {
	q.mu.Lock()
	defer q.mu.Unlock()
	name := ppm.DeliveryName{Receipt: ppm.Receipt(fmt.Sprintf("%d-00000000", len(q.rows)+1)), Client: lane}
	q.rows = append(q.rows, &row{lane: lane, Delivery: ppm.Delivery{DeliveryName: name, Application: application, State: ppm.Waiting, NextAttempt: due}})
	return name
}

func (q *queue) Claim(_ context.Context, lane int64, now, until time.Time, horizon time.Duration, limit int) ([]ppm.Delivery, time.Time, error) {
	if limit < 1 || !until.After(now) {
		return nil, time.Time{}, fmt.Errorf("claim %d until %s at %s: makes no sense", limit, until, now)
	}
	if q.claiming != nil {
		if err := q.claiming(); err != nil {
			return nil, time.Time{}, err
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.claims++
	var waiting []*row
	first := make(map[string]bool)
	for _, r := range q.rows {
		if r.lane != lane || r.State != ppm.Waiting || q.ordered && first[r.Application] {
			continue
		}
		first[r.Application] = true
		waiting = append(waiting, r)
	}
	slices.SortStableFunc(waiting, func(a, b *row) int { return a.NextAttempt.Compare(b.NextAttempt) })
	var claimed []ppm.Delivery
	var next time.Time
	for _, r := range waiting {
		isDue := !r.NextAttempt.After(now) || r.NextAttempt.After(now.Add(horizon))
		if !isDue || len(claimed) == limit {
			if next.IsZero() || r.NextAttempt.Before(next) {
				next = r.NextAttempt
			}
			continue
		}
		if r.Delivery.Claim != 0 {
			q.lapsed++
		}
		q.leases++
		r.Delivery.Claim, r.NextAttempt = q.leases, until
		claimed = append(claimed, r.Delivery)
	}
	q.most = max(q.most, len(claimed))
	if len(claimed) == 0 {
		q.empty++
	}
	return claimed, next, nil
}

func (q *queue) Load(ctx context.Context, d ppm.Delivery) (ppm.Parcel, error) {
	if q.loading != nil {
		if err := q.loading(d); err != nil {
			return ppm.Parcel{}, err
		}
	}
	return ppm.Parcel{Delivery: d, Key: d.Key()}, ctx.Err()
}

func (q *queue) Record(ctx context.Context, a ppm.Attempt) error {
	if q.recording != nil {
		if err := q.recording(a); err != nil {
			return err
		}
	}
	if q.recorded != nil {
		defer q.recorded()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.row(a.Before.DeliveryName)
	if a.Began.Add(a.Took).After(r.NextAttempt) {
		q.late++
	}
	if r.Delivery.Claim != a.Before.Claim || a.Before.Claim == 0 {
		return ppm.ErrOvertaken
	}
	r.Delivery = a.After
	if errors.Is(a.Err, ppm.ErrInterrupted) {
		q.given++
	} else {
		q.kept = append(q.kept, a)
	}
	return ctx.Err()
}

func (q *queue) row(name ppm.DeliveryName) *row {
	i := slices.IndexFunc(q.rows, func(r *row) bool { return r.DeliveryName == name })
	return q.rows[i]
}

// state returns a delivery as it stands.
func (q *queue) state(name ppm.DeliveryName) ppm.Delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.row(name).Delivery
}

// attempts returns those recorded, by the time they began.
func (q *queue) attempts() []ppm.Attempt {
	q.mu.Lock()
	defer q.mu.Unlock()
	kept := slices.Clone(q.kept)
	slices.SortStableFunc(kept, func(a, b ppm.Attempt) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Before.Attempts, b.Before.Attempts))
	})
	return kept
}

// left returns how many deliveries are not delivered.
func (q *queue) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, r := range q.rows {
		if r.State != ppm.Delivered {
			n++
		}
	}
	return n
}

// count returns one of the counts.
func (q *queue) count(what *int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *what
}
