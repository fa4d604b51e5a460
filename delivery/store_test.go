package delivery_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"processmanager/ppm"
)

var errFull = errors.New("no space left on device")

const (
	cannotClaim = "deliveries could not be claimed; this is tried again until it works"
	claimsAgain = "deliveries are claimed again"
	cannotKeep  = "the outcome of an attempt could not be kept; nothing more is attempted until it is"
)

// A store that cannot claim is asked ever more rarely, but every ten seconds,
// and is heard of once. When it has healed, what is due leaves.
func TestAStoreThatCannotClaimIsAskedAgain(t *testing.T) {
	for name, hints := range map[string]bool{"with hints": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				var mu sync.Mutex
				var asked []time.Duration
				began, healed := time.Now(), false
				q.claiming = func() error {
					mu.Lock()
					defer mu.Unlock()
					asked = append(asked, time.Since(began))
					if healed {
						return nil
					}
					return errFull
				}
				for range 3 {
					q.add(1, "A1", time.Now())
				}
				w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
				e := start(t, q, lane(w))
				for range 10 * 60 {
					if hints {
						e.Hint()
					}
					pass(100 * time.Millisecond)
				}
				s := time.Second
				mu.Lock()
				same(t, asked, []time.Duration{0, s, 3 * s, 7 * s, 15 * s, 25 * s, 35 * s, 45 * s, 55 * s})
				healed = true
				mu.Unlock()
				pass(10 * time.Second)
				if q.left() != 0 || len(w.times()) != 3 {
					t.Errorf("%d left after %d attempts; want all delivered within 10s", q.left(), len(w.times()))
				}
				if e.log.count(cannotClaim) != 1 || e.log.count(claimsAgain) != 1 {
					t.Errorf("said %d times that it fails, %d times that it works", e.log.count(cannotClaim), e.log.count(claimsAgain))
				}
				pass(time.Hour)
				e.stop()
				if n := len(asked); n > 15 {
					t.Errorf("asked %d times; want no more than was needed", n)
				}
			})
		})
	}
}

// An outcome that cannot be kept is tried again while its lease lasts; meanwhile
// hardly anything is attempted that would only be attempted again.
func TestAnOutcomeIsKeptWhenTheStoreHasHealed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		var broken atomic.Bool
		var tries atomic.Int64
		broken.Store(true)
		q.recording = func(ppm.Attempt) error {
			tries.Add(1)
			if broken.Load() {
				return errFull
			}
			return nil
		}
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		for range 10 {
			q.add(1, "A1", time.Now())
		}
		e := start(t, q, lane(w))
		for range 30 {
			e.Hint()
			pass(time.Second)
		}
		unkept := len(w.times())
		if unkept > 4 || w.times()[unkept-1] > time.Second {
			t.Errorf("attempts at %v while nothing could be kept; want those that had begun before it was known", w.times())
		}
		if n := int(tries.Load()) / unkept; n < 8 || n > 15 {
			t.Errorf("tried %d times in 30s to keep an outcome", n)
		}
		broken.Store(false)
		pass(5 * time.Second)
		if n := len(w.times()); n != 10 || q.left() != 0 {
			t.Errorf("%d attempts, %d left; want every one delivered once", n, q.left())
		}
		if n := e.log.count(cannotKeep); n != unkept {
			t.Errorf("said %d times that an outcome could not be kept; want %d", n, unkept)
		}
	})
}

// Longer than its lease lasts, an outcome is lost: it is delivered again, and
// that is said.
func TestAnOutcomeIsLostWithItsLease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		var broken atomic.Bool
		broken.Store(true)
		q.recording = func(ppm.Attempt) error {
			if broken.Load() {
				return errFull
			}
			return nil
		}
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		name := q.add(1, "A1", time.Now())
		e := start(t, q, lane(w))
		pass(50 * time.Second) // the lease was for 45
		broken.Store(false)
		pass(time.Minute)
		if d := q.state(name); d.State != ppm.Delivered || len(w.times()) != 2 {
			t.Errorf("%+v after attempts at %v; want it delivered by a second one", d, w.times())
		}
		if e.log.count("the outcome of an attempt is lost; it is attempted again") != 1 {
			t.Errorf("the log does not say so:\n%s", &e.log.text)
		}
	})
}

// A store that fails for one lane's outcomes holds no other lane up.
func TestALaneThatCannotKeepHoldsNoOtherUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		q.recording = func(a ppm.Attempt) error {
			if a.Before.Client == 1 {
				return errFull
			}
			return nil
		}
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		q.add(1, "A1", time.Now())
		other := lane(w)
		other.Number = 2
		for range 10 {
			q.add(2, "A1", time.Now())
		}
		start(t, q, lane(w), other)
		pass(time.Second)
		if q.left() != 1 {
			t.Errorf("%d left; want the ten of the other lane delivered", q.left())
		}
	})
}

// A delivery that was changed while it was attempted, by erasing say, stays as
// it was changed, and the lane goes on.
func TestAnAttemptThatWasOvertakenChangesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(10*time.Second, ppm.Response{Status: 200}, nil))
		name, next := q.add(1, "A1", time.Now()), q.add(1, "A2", time.Now())
		e := start(t, q, lane(w))
		pass(5 * time.Second)
		q.mu.Lock()
		r := q.row(name)
		r.Delivery.Claim, r.State, r.Error = 0, ppm.GaveUp, "erased"
		q.mu.Unlock()
		pass(time.Minute)
		if d := q.state(name); d.State != ppm.GaveUp || d.Attempts != 0 {
			t.Errorf("%+v; want it as it was changed", d)
		}
		if d := q.state(next); d.State != ppm.Delivered || len(w.times()) != 2 {
			t.Errorf("%+v after attempts at %v; want it delivered", d, w.times())
		}
		if e.log.count("attempt not kept: the delivery was changed meanwhile") != 1 {
			t.Errorf("the log does not say so:\n%s", &e.log.text)
		}
	})
}

// An attempt that outlasts its limit and its lease is not made again beside itself.
func TestAnAttemptThatOutlastsItsLease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, func(context.Context, ppm.Parcel) (ppm.Response, error) { // deaf
			time.Sleep(2 * time.Minute)
			return ppm.Response{Status: 200}, nil
		})
		l := lane(w)
		l.Concurrency, l.Limit = 3, time.Second
		name := q.add(1, "A1", time.Now())
		e := start(t, q, l)
		for range 180 {
			e.Hint()
			pass(time.Second)
		}
		if d := q.state(name); d.State != ppm.Delivered || d.Attempts != 1 || len(w.times()) != 1 {
			t.Errorf("%+v after attempts at %v; want it delivered by one attempt", d, w.times())
		}
		if q.count(&q.lapsed) == 0 {
			t.Error("the lease was not claimed again; this test shows nothing")
		}
	})
}

// What was claimed ahead and cannot be begun in time is given back: no attempt
// ends after its lease, when others may have begun it.
func TestNoAttemptIsBegunTooLateForItsLease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		var slow atomic.Bool
		w := newWay(t, func(context.Context, ppm.Parcel) (ppm.Response, error) {
			if time.Sleep(10 * time.Millisecond); slow.Load() {
				time.Sleep(25 * time.Second)
			}
			return ppm.Response{Status: 200}, nil
		})
		for range 200 {
			q.add(1, "A1", time.Now())
		}
		l := lane(w)
		l.Concurrency = 2
		start(t, q, l)
		pass(500 * time.Millisecond)
		slow.Store(true)
		pass(time.Hour)
		if q.count(&q.given) == 0 {
			t.Error("nothing was given back; this test shows nothing")
		}
		if n := q.count(&q.late); n != 0 || len(w.times()) != 200 || q.left() != 0 {
			t.Errorf("%d attempts ended after their lease, %d in all, %d left; want each delivered once and in time", n, len(w.times()), q.left())
		}
	})
}
