// Package delivery is the engine that both the partner's side and Clearmatch's
// ride on: it claims what is due, attempts it, records what came of it, waits,
// and tries again. It asks for a queue and for ways to deliver; what a delivery
// is about, and where the queue lies, is none of its business.
package delivery

import (
	"context"
	"time"

	"processmanager/ppm"
)

// A Queue holds deliveries. Its methods may be called concurrently.
type Queue interface {
	// Claim leases up to limit deliveries of a lane that are due at now, until
	// the time until; next is when the next one will be due that is not among
	// them, zero if none will be. What is due later than horizon after now counts as due.
	Claim(ctx context.Context, lane int64, now, until time.Time, horizon time.Duration, limit int) (claimed []ppm.Delivery, next time.Time, err error)

	// Load returns what goes with an attempt.
	Load(ctx context.Context, d ppm.Delivery) (ppm.Parcel, error)

	// Record keeps what came of an attempt; once it has returned nil, that is
	// durable. It is [ppm.ErrOvertaken], and nothing is kept, if a.Before.Claim is
	// not the lease in force. [ppm.ErrInterrupted] as a.Err gives the lease back.
	Record(ctx context.Context, a ppm.Attempt) error
}

// A Way is a way to reach somebody. Deliver makes one attempt and returns when
// it is over, or soon after ctx has ended. A nil error means delivered; a
// [ppm.PermanentError] that no further attempt can help, a [ppm.LaterError]
// when to come back. It may be called concurrently.
type Way interface {
	Deliver(ctx context.Context, p ppm.Parcel) (ppm.Response, error)
}

// A Lane is one queue of deliveries and the way they take. Lanes do not wait
// for each other.
type Lane struct {
	Number      int64 // as the queue knows it
	Name        string
	Way         Way
	Backoff     ppm.Backoff
	Concurrency int           // attempts at one time, at least 1
	PerMinute   int           // attempts a minute; 0: as many as come
	Limit       time.Duration // for one attempt; 0: 30 seconds
	Failing     int           // attempts that had failed in a row when the lane was made
}

// checked returns s with what cannot be replaced by what can.
func (s Lane) checked() Lane {
	s.Concurrency = max(1, s.Concurrency)
	s.PerMinute = max(0, s.PerMinute)
	if s.Limit <= 0 {
		s.Limit = 30 * time.Second
	}
	return s
}

// lease is for how long deliveries are claimed: one that is begun within the
// slack can still use its whole limit, and there is time to record it.
func (s Lane) lease() time.Duration { return s.Limit + leaseSlack + recordSlack }

const (
	leaseSlack  = 10 * time.Second // for what is claimed ahead
	recordSlack = 5 * time.Second
)
