package delivery_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"processmanager/delivery"
	"processmanager/ppm"
)

// What is set holds from the next attempt on; what is under way goes on as it was begun.
func TestALaneGetsNewSettings(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		before := newWay(t, always(time.Second, ppm.Response{Status: 200}, nil))
		for range 20 {
			q.add(1, "A1", time.Now())
		}
		e := start(t, q, lane(before))
		pass(2*time.Second + time.Second/2) // in the middle of the third
		after := newWay(t, always(time.Second, ppm.Response{Status: 200}, nil))
		l := lane(after)
		l.Concurrency = 4
		e.Set([]delivery.Lane{l})
		pass(time.Second / 4)
		if n := len(before.times()); n != 3 {
			t.Errorf("%d attempts the old way; want 3", n)
		}
		if most := after.busiest(); most != 3 {
			t.Errorf("%d attempts the new way, beside one that is under way; want 3", most)
		}
		l.Concurrency = 2
		e.Set([]delivery.Lane{l})
		pass(time.Second)
		after.busiest()
		pass(time.Minute)
		if most := after.busiest(); most > 2 {
			t.Errorf("%d attempts at one time; want 2, since that was set", most)
		}
		if n := len(before.times()) + len(after.times()); n != 20 || q.left() != 0 {
			t.Errorf("%d attempts, %d left; want every one delivered once", n, q.left())
		}
	})
}

// A shorter limit holds for the next attempt, a longer one for the next lease.
func TestALaneGetsAnotherLimit(t *testing.T) {
	for name, limit := range map[string]time.Duration{"shorter": time.Second, "longer": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				w := newWay(t, func(ctx context.Context, p ppm.Parcel) (ppm.Response, error) {
					select {
					case <-ctx.Done():
						return ppm.Response{}, ctx.Err()
					case <-time.After(100 * time.Millisecond):
						return ppm.Response{Status: 200}, nil
					}
				})
				for range 20 {
					q.add(1, "A1", time.Now())
				}
				e := start(t, q, lane(w))
				pass(time.Second + 50*time.Millisecond) // some are claimed ahead
				l := lane(newWay(t, hangs))
				l.Limit = limit
				e.Set([]delivery.Lane{l})
				pass(50 * time.Millisecond)
				began := time.Now()
				pass(limit - time.Millisecond)
				kept := len(q.attempts())
				pass(2 * time.Millisecond)
				a := q.attempts()
				if len(a) != kept+1 || a[kept].Took != limit || a[kept].Began.Before(began.Add(-time.Millisecond)) {
					t.Errorf("%d attempts kept, then %d: %+v; want one more, cut off after %v", kept, len(a), a[kept:], limit)
				}
				if n := q.count(&q.lapsed); n != 0 {
					t.Errorf("%d leases ended too early", n)
				}
			})
		})
	}
}

// A client that is held has no lane: what is under way ends, the rest is given
// back and stays. Resumed, it goes on at once.
func TestHoldAndResume(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(100*time.Millisecond, ppm.Response{Status: 200}, nil))
		for range 50 {
			q.add(1, "A1", time.Now())
		}
		e := start(t, q, lane(w))
		pass(time.Second + 50*time.Millisecond)
		e.Set(nil)
		pass(24 * time.Hour)
		held := len(w.times())
		if held != 11 || q.left() != 50-held {
			t.Errorf("%d attempts, %d left; want the one under way ended and no more", held, q.left())
		}
		if q.count(&q.given) == 0 {
			t.Error("nothing had been claimed ahead; this test shows little")
		}
		for _, r := range q.rows {
			if r.Claim != 0 {
				t.Errorf("%+v is still leased", r.Delivery)
			}
		}
		claims := q.count(&q.claims)
		for range 60 {
			e.Hint()
			pass(time.Minute)
		}
		if n := q.count(&q.claims); n != claims {
			t.Errorf("%d claims while it was held", n-claims)
		}
		e.Set([]delivery.Lane{lane(w)})
		pass(0)
		if n := len(w.times()); n != held+1 {
			t.Errorf("%d attempts when it is resumed; want one at once", n-held)
		}
		pass(time.Minute)
		if n := len(w.times()); n != 50 || q.left() != 0 {
			t.Errorf("%d attempts, %d left; want every one delivered once", n, q.left())
		}
	})
}

// Held and resumed within one attempt, it is the same lane: nothing runs twice,
// and there are not more hands than there may be.
func TestHoldAndResumeDuringAnAttempt(t *testing.T) {
	for _, times := range []int{1, 20} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				w := newWay(t, always(time.Second, ppm.Response{Status: 200}, nil))
				for range 5 {
					q.add(1, "A1", time.Now())
				}
				e := start(t, q, lane(w))
				for range times {
					pass(100 * time.Millisecond)
					e.Set(nil)
					pass(100 * time.Millisecond)
					e.Set([]delivery.Lane{lane(w)})
				}
				pass(time.Minute)
				if most, n := w.busiest(), len(w.times()); most != 1 || n != 5 || q.left() != 0 {
					t.Errorf("%d at one time, %d attempts, %d left; want every one delivered once, one by one", most, n, q.left())
				}
			})
		})
	}
}

// Resumed in the very moment in which the last attempt ends, the lane stays or
// there is a new one: what waits is delivered.
func TestResumeAsTheLaneLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(100*time.Millisecond, ppm.Response{Status: 200}, nil))
		e := start(t, q, lane(w))
		for i := range 500 {
			q.add(1, "A1", time.Now())
			q.add(1, "A1", time.Now())
			e.Hint()
			pass(50 * time.Millisecond)
			e.Set(nil)
			time.Sleep(50 * time.Millisecond)
			e.Set([]delivery.Lane{lane(w)})
			pass(time.Second)
			if n := q.left(); n != 0 {
				t.Fatalf("%d left the %dth time", n, i+1)
			}
		}
	})
}

// Settings may change as often as they like: everything is delivered once.
func TestSetAgainAndAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(7*time.Millisecond, ppm.Response{Status: 200}, nil))
		for i := range 600 {
			q.add(int64(i%3), "A1", time.Now())
		}
		e := start(t, q)
		for i := range 1000 {
			var set []delivery.Lane
			for number := range 3 {
				l := lane(w)
				l.Number, l.Concurrency = int64(number), 1+(i+number)%4
				if (i+number)%5 != 0 {
					set = append(set, l)
				}
			}
			e.Set(set)
			e.Hint()
			pass(3 * time.Millisecond)
		}
		pass(time.Minute)
		if n := len(w.times()); n != 600 || q.left() != 0 {
			t.Errorf("%d attempts, %d left; want every one delivered once", n, q.left())
		}
	})
}

// Lanes may be set before the engine runs.
func TestSetBeforeRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		first, second := newWay(t, hangs), newWay(t, always(0, ppm.Response{Status: 200}, nil))
		q.add(1, "A1", time.Now())
		other := lane(first)
		other.Number = 2
		q.add(2, "A1", time.Now())
		e := delivery.New(delivery.Options{Queue: q, Log: discard})
		e.Set([]delivery.Lane{lane(first), other})
		e.Set([]delivery.Lane{lane(second)})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		pass(time.Minute)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if len(first.times()) != 0 || len(second.times()) != 1 {
			t.Errorf("%d attempts the ways that were replaced, %d the last; want none and 1", len(first.times()), len(second.times()))
		}
	})
}
