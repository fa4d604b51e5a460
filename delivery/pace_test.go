package delivery_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"processmanager/delivery"
	"processmanager/ppm"
)

func TestAttemptsAreSpreadEvenlyOverTheMinute(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		var want []time.Duration
		for i := range 10 {
			q.add(1, "A1", time.Now())
			want = append(want, time.Duration(i)*2*time.Second)
		}
		l := lane(w)
		l.Concurrency, l.PerMinute = 4, 30
		e := start(t, q, l)
		pass(time.Hour)
		same(t, w.times(), want)
		if most := q.count(&q.most); most != 1 {
			t.Errorf("%d claimed at a time; want what must wait left to the queue", most)
		}
		// An hour without work saves nothing up.
		for range 3 {
			q.add(1, "A1", e.wall.now())
		}
		e.Hint()
		pass(time.Minute)
		same(t, w.times()[10:], []time.Duration{time.Hour, time.Hour + 2*time.Second, time.Hour + 4*time.Second})
	})
}

// Whatever the rate, the hands and how long an attempt takes: no more than are
// allowed in any stretch of time, and hardly fewer if they are there to be made.
func TestRateIsKeptAndUsed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		perMinute := rapid.IntRange(1, 6000).Draw(r, "per minute")
		hands := rapid.IntRange(1, 8).Draw(r, "hands")
		took := time.Duration(rapid.IntRange(0, 2000).Draw(r, "took, ms")) * time.Millisecond
		var at []time.Duration
		var stretch time.Duration
		possible := min(float64(perMinute), float64(hands)*float64(time.Minute)/float64(max(took, 1)))
		synctest.Test(t, func(t *testing.T) {
			stretch = time.Duration(20 / possible * float64(time.Minute)) // enough for 20 or so
			q := new(queue)
			w := newWay(t, always(took, ppm.Response{Status: 200}, nil))
			for range int(possible*stretch.Minutes()) + 20 {
				q.add(1, "A1", time.Now())
			}
			l := lane(w)
			l.Concurrency, l.PerMinute = hands, perMinute
			e := start(t, q, l)
			pass(stretch)
			e.stop()
			at = w.times()
		})
		every, burst := time.Minute/time.Duration(perMinute), max(1, perMinute/600)
		for i := range at {
			for k := i; k < len(at); k++ {
				if allowed := burst + int((at[k]-at[i])/every); k-i+1 > allowed {
					r.Fatalf("%d attempts from %v to %v; want at most %d", k-i+1, at[i], at[k], allowed)
				}
			}
		}
		if fewest := int(0.9*possible*stretch.Minutes()) - hands; len(at) < fewest {
			r.Fatalf("%d attempts in %v; want at least %d", len(at), stretch, fewest)
		}
	})
}

// What is new about the rate holds from the next attempt on, whatever it was before.
func TestRateIsChangedWhileItIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		for range 1000 {
			q.add(1, "A1", time.Now())
		}
		l := lane(w)
		l.PerMinute = 1
		e := start(t, q, l)
		pass(10 * time.Second)
		l.PerMinute = 60
		e.Set([]delivery.Lane{l})
		pass(10*time.Second + time.Millisecond)
		if n := len(w.times()); n < 10 || n > 12 {
			t.Errorf("attempts at %v; want one a second since 10s", w.times())
		}
		l.PerMinute = 0
		e.Set([]delivery.Lane{l})
		pass(time.Second)
		if n := q.left(); n != 0 {
			t.Errorf("%d left; want all delivered, now that there is no limit", n)
		}
	})
}

func TestAsManyAttemptsAsThereAreHands(t *testing.T) {
	for _, hands := range []int{-1, 0, 1, 3, 20} {
		t.Run(fmt.Sprint(hands), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				w := newWay(t, always(time.Second, ppm.Response{Status: 200}, nil))
				for range 60 {
					q.add(1, "A1", time.Now())
				}
				l := lane(w)
				l.Concurrency = hands
				start(t, q, l)
				pass(time.Minute)
				if most, want := w.busiest(), max(1, hands); most != want || q.left() != 0 {
					t.Errorf("%d at one time, %d left; want %d and all delivered", most, q.left(), want)
				}
				if last, want := w.times()[59], time.Duration(60/max(1, hands)-1)*time.Second; last > want+time.Second/2 {
					t.Errorf("the last attempt was at %v; want about %v", last, want)
				}
			})
		})
	}
}

// Clients do not wait for each other, neither for one that takes all the time
// it may, nor for one that cannot be claimed for.
func TestNobodyWaitsForASlowClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		slow := newWay(t, hangs)
		good := newWay(t, func(ctx context.Context, p ppm.Parcel) (ppm.Response, error) { return ppm.Response{Status: 200}, nil })
		first := lane(slow)
		first.Concurrency = 5
		second := delivery.Lane{Number: 2, Name: "crm", Way: good, Backoff: backoff, Concurrency: 1}
		for range 1000 {
			q.add(1, "A1", time.Now())
		}
		e := start(t, q, first, second)
		pass(time.Second)
		if most := slow.busiest(); most != 5 {
			t.Fatalf("%d attempts at the slow client; want 5 that hang", most)
		}
		for i := range 200 {
			name := q.add(2, "A1", e.wall.now())
			added := time.Since(good.began)
			e.Hint()
			pass(time.Second)
			if at := good.times(); len(at) != i+1 || at[i] != added {
				t.Fatalf("attempts at %v; want the last at %v", at, added)
			}
			if d := q.state(name); d.State != ppm.Delivered {
				t.Fatalf("%+v; want it delivered", d)
			}
		}
		if len(slow.times()) <= 5 {
			t.Error("the slow client was not tried again; this test shows little")
		}
	})
}
