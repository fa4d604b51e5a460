package delivery_test

import (
	"context"
	"testing"
	"time"

	"processmanager/ppm"
)

// A delivery waits for its next attempt when the clock jumps. It
// is attempted once, and at the latest when the longest back-off has passed after
// its time.
func TestP10WhileSomethingWaits(t *testing.T) {
	for name, jump := range map[string]time.Duration{
		"a day back":     -24 * time.Hour,
		"an hour back":   -time.Hour,
		"an hour on":     time.Hour,
		"a year on":      365 * 24 * time.Hour,
		"a minute back":  -time.Minute,
		"hardly back":    -time.Millisecond,
		"ten years back": -10 * 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				fails := true
				w := newWay(t, func(context.Context, ppm.Parcel) (ppm.Response, error) {
					if fails {
						return ppm.Response{}, ppm.LaterError{Err: errRefused, After: 45 * time.Minute}
					}
					return ppm.Response{Status: 200}, nil
				})
				d := q.add(1, "A1", time.Now())
				other := q.add(1, "A2", time.Now().Add(50*time.Minute))
				e := start(t, q, lane(w))
				pass(10 * time.Minute)
				fails = false
				e.wall.jump(jump)
				pass(40*time.Minute + time.Hour + time.Minute)
				for _, name := range []ppm.DeliveryName{d, other} {
					if d := q.state(name); d.State != ppm.Delivered {
						t.Errorf("%+v; want it delivered after the longest back-off", d)
					}
				}
				if n := len(w.times()); n != 3 {
					t.Errorf("%d attempts, at %v; want 1 that failed and 1 for each delivery", n, w.times())
				}
			})
		})
	}
}

// The lease looks as if it were over, or as if it would not be
// for a day. What is under way is not attempted again, and its outcome is kept.
func TestP10DuringAttempts(t *testing.T) {
	for name, jump := range map[string]time.Duration{"a day back": -24 * time.Hour, "a year on": 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				w := newWay(t, always(9*time.Minute, ppm.Response{Status: 200}, nil))
				l := lane(w)
				l.Concurrency, l.Limit = 3, 10*time.Minute
				a, b := q.add(1, "A1", time.Now()), q.add(1, "A2", time.Now())
				e := start(t, q, l)
				pass(time.Minute)
				e.wall.jump(jump)
				e.Hint()
				pass(3 * time.Minute)
				if q.count(&q.lapsed) == 0 && jump > 0 {
					t.Error("the leases were not claimed again; this test shows nothing")
				}
				pass(10 * time.Minute)
				for _, name := range []ppm.DeliveryName{a, b} {
					if d := q.state(name); d.State != ppm.Delivered || d.Attempts != 1 {
						t.Errorf("%+v; want it delivered by one attempt", d)
					}
				}
				if len(w.times()) != 2 {
					t.Errorf("attempts at %v; want two", w.times())
				}
			})
		})
	}
}

// What is claimed ahead, too, is attempted once.
func TestP10WhileMuchIsClaimedAhead(t *testing.T) {
	for name, jump := range map[string]time.Duration{"a day back": -24 * time.Hour, "a year on": 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				w := newWay(t, always(50*time.Millisecond, ppm.Response{Status: 200}, nil))
				l := lane(w)
				l.Concurrency = 4
				for range 200 {
					q.add(1, "A1", time.Now())
				}
				e := start(t, q, l)
				pass(time.Second)
				e.wall.jump(jump)
				pass(3 * time.Second)
				if n, attempts := q.left(), len(w.times()); n != 0 || attempts != 200 {
					t.Errorf("%d left, %d attempts; want every one delivered by one attempt", n, attempts)
				}
			})
		})
	}
}

// Between that an outcome is on disk and that we know it, the clock jumps and the
// delivery is due again: it is attempted then.
func TestP10WhileAnOutcomeIsKept(t *testing.T) {
	for name, jump := range map[string]time.Duration{"a day back": -24 * time.Hour, "a year on": 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				q.recorded = func() { time.Sleep(10 * time.Second) }
				w := newWay(t, always(0, ppm.Response{Status: 1}, ppm.ParticularError{Err: errRefused}))
				l := lane(w)
				l.Concurrency, l.Backoff.First = 2, time.Hour
				q.add(1, "A1", time.Now())
				e := start(t, q, l)
				pass(5 * time.Second)
				e.wall.jump(jump)
				e.Hint()
				pass(4 * time.Second)
				if n := q.count(&q.claims); n < 2 || len(w.times()) != 1 {
					t.Errorf("%d claims, attempts at %v; want it claimed again, but not attempted beside itself", n, w.times())
				}
				pass(5 * time.Second)
				same(t, w.times(), []time.Duration{0, 10 * time.Second})
			})
		})
	}
}

// A clock a year ahead must not make a dead letter of what has failed twice, nor
// must a computer that was off over a long weekend.
func TestP10LongTimeWithoutAttemptsIsNoReasonToGiveUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{}, errRefused))
		d := q.add(1, "A1", time.Now())
		e := start(t, q, lane(w))
		pass(time.Second)
		e.wall.jump(365 * 24 * time.Hour)
		pass(2 * time.Minute)
		if d := q.state(d); d.State != ppm.Waiting || d.Failed < 3 {
			t.Errorf("%+v; want it still tried", d)
		}
		pass(2 * time.Hour)
		if d := q.state(d); d.State != ppm.GaveUp || d.Failed != 11 {
			t.Errorf("%+v; want it given up when the waits have become the longest", d)
		}
	})
}

// Nor must one that was a year ahead have it tried for a year more.
func TestP10GivingUpComesNoLaterWhenTheClockIsPutBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{}, errRefused))
		d := q.add(1, "A1", time.Now())
		e := start(t, q, lane(w))
		pass(time.Second)
		e.wall.jump(-365 * 24 * time.Hour)
		pass(70 * time.Hour)
		if d := q.state(d); d.State != ppm.Waiting {
			t.Errorf("%+v; want it still tried", d)
		}
		pass(4 * time.Hour)
		if d := q.state(d); d.State != ppm.GaveUp {
			t.Errorf("%+v; want it given up", d)
		}
	})
}

// Where clocks are put back and forward, an hour happens twice or not at all.
func TestP10DaylightSavingChangesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var attempts [2][]time.Duration
		for i, hours := range []int{0, 1} {
			q := new(queue)
			w := newWay(t, always(0, ppm.Response{}, errRefused))
			began := time.Now()
			summer := time.FixedZone("summer", 11*3600)
			q.add(1, "A1", began)
			e := start(t, q, lane(w))
			e.wall.zone.Store(func(at time.Time) *time.Location {
				if at.Sub(began) < 10*time.Minute {
					return summer
				}
				return time.FixedZone("winter", (11-hours)*3600)
			})
			pass(3 * time.Hour)
			e.stop()
			attempts[i] = w.times()
			for _, a := range q.attempts() {
				if a.Began.Location() != time.UTC || a.After.NextAttempt.Location() != time.UTC {
					t.Errorf("attempt at %v, next %v; want UTC", a.Began, a.After.NextAttempt)
				}
			}
		}
		same(t, attempts[1], attempts[0])
	})
}

// A client that is down is probed as before: not all at once, and not a day later.
func TestP10WhileAClientIsDown(t *testing.T) {
	for name, jump := range map[string]time.Duration{"a day back": -24 * time.Hour, "an hour back": -time.Hour, "a year on": 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				w := newWay(t, always(0, ppm.Response{}, errRefused))
				for range 100 {
					q.add(1, "A1", time.Now())
				}
				l := lane(w)
				l.Failing = ppm.DownAfter
				e := start(t, q, l)
				pass(2*time.Hour + 2*time.Minute) // in the middle between two probes
				before := len(w.times())
				jumped := time.Since(w.began)
				e.wall.jump(jump)
				pass(2 * time.Hour)
				// A computer that slept, too, finds its wall clock ahead; it looks within a minute.
				if next := w.times()[before]; jump > 0 && next > jumped+time.Minute {
					t.Errorf("the next probe came %v after the jump", next-jumped)
				}
				probes := append([]time.Duration{jumped}, w.times()[before:]...)
				for i := 1; i < len(probes); i++ {
					if wait := probes[i] - probes[i-1]; wait > 6*time.Minute || wait < 4*time.Minute && i > 1 {
						t.Errorf("a probe %v after the one before", wait)
					}
				}
				if n := len(probes); n < 20 || n > 30 {
					t.Errorf("%d probes in 2h", n)
				}
			})
		})
	}
}
