package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"processmanager/delivery"
	"processmanager/ppm"
)

func TestDeliversWhatIsDueAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		e := start(t, q, lane(w))
		pass(time.Hour)
		name := q.add(1, "A1", e.wall.now())
		e.Hint()
		pass(0)
		same(t, w.times(), []time.Duration{time.Hour})
		if d := q.state(name); d.State != ppm.Delivered || d.Attempts != 1 || d.Claim != 0 {
			t.Errorf("%+v; want it delivered by one attempt", d)
		}
		if n := e.log.count("msg=delivered notification=1-00000000 delivery=1-00000000-1 client=billing attempt=1"); n != 1 {
			t.Errorf("said %d times that it is delivered:\n%s", n, &e.log.text)
		}
	})
}

// 5 s, 10 s, … 2560 s, then every hour, until 72 h after the first attempt.
func TestBacksOffOver72HoursAndGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{Status: 500}, errRefused))
		name := q.add(1, "A1", time.Now())
		var want []time.Duration
		at, wait := time.Duration(0), 5*time.Second
		for range 82 {
			want = append(want, at)
			at += wait
			wait = min(2*wait, time.Hour)
		}
		if last := want[81]; last < 72*time.Hour || last > 73*time.Hour || want[80] > 72*time.Hour {
			t.Fatalf("the last attempt should be the first one after 72 h, not at %v", last)
		}
		e := start(t, q, lane(w))
		// A single delivery is its lane's own probe, every five minutes at the most.
		pass(200 * time.Hour)
		same(t, w.times(), want)
		d := q.state(name)
		if d.State != ppm.GaveUp || d.Attempts != 82 || d.Failed != 82 || d.Error != "connection refused" {
			t.Errorf("%+v; want it given up after 82 attempts", d)
		}
		if n := e.log.count(`level=ERROR msg="delivery given up"`); n != 1 {
			t.Errorf("said %d times that it is given up", n)
		}
		if n := q.count(&q.claims); n > 74*60 {
			t.Errorf("%d claims in 72 h; want one a minute at the most", n)
		}
	})
}

func TestWhatCannotBeMendedIsGivenUpAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{Status: 410}, ppm.PermanentError{Err: errors.New("410 Gone")}))
		name := q.add(1, "A1", time.Now())
		start(t, q, lane(w))
		pass(100 * time.Hour)
		if d := q.state(name); d.State != ppm.GaveUp || d.Error != "410 Gone" || len(w.times()) != 1 {
			t.Errorf("%+v after %d attempts; want it given up after one", d, len(w.times()))
		}
	})
}

// Whoever says when to come back is asked nothing before that, by no delivery.
func TestLaterPausesTheWholeLane(t *testing.T) {
	for _, tt := range []struct{ asked, paused time.Duration }{
		{0, 0},
		{10 * time.Minute, 10 * time.Minute},
		{100 * time.Hour, time.Hour}, // the longest back-off
	} {
		t.Run(fmt.Sprint(tt.asked), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				var again atomic.Bool
				w := newWay(t, func(context.Context, ppm.Parcel) (ppm.Response, error) {
					if !again.Swap(true) {
						return ppm.Response{Status: 503}, ppm.LaterError{Err: errors.New("503"), After: tt.asked}
					}
					return ppm.Response{Status: 200}, nil
				})
				q.add(1, "A1", time.Now())
				q.add(1, "A2", time.Now())
				e := start(t, q, lane(w))
				for range 60 {
					e.Hint()
					pass(time.Second)
				}
				pass(2 * time.Hour)
				got := w.times()
				if len(got) != 3 || got[1] < tt.paused || got[1] > tt.paused+5*time.Millisecond {
					t.Errorf("attempts at %v; want the second at %v", got, tt.paused)
				}
				if want := max(5*time.Second, tt.paused); len(got) == 3 && (got[2] < want || got[2] > want+5*time.Millisecond) {
					t.Errorf("attempts at %v; want the first one again at %v", got, want)
				}
			})
		})
	}
}

func TestTimeLimitIsAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, func(ctx context.Context, _ ppm.Parcel) (ppm.Response, error) {
			<-ctx.Done()
			return ppm.Response{}, fmt.Errorf("post https://billing.example/: %w", ctx.Err())
		})
		name := q.add(1, "A1", time.Now())
		start(t, q, lane(w))
		pass(31 * time.Second)
		if d := q.state(name); d.Error != "no answer within 30s" || d.Failed != 1 {
			t.Errorf("%+v; want it failed for want of an answer", d)
		}
		pass(10 * time.Second)
		same(t, w.times(), []time.Duration{0, 35 * time.Second})
	})
}

// A fault of ours is a failure like another, and stays with its delivery.
func TestPanicIsAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		bad := q.add(1, "A1", time.Now())
		w := newWay(t, func(_ context.Context, p ppm.Parcel) (ppm.Response, error) {
			if p.DeliveryName == bad {
				panic("no such template")
			}
			return ppm.Response{Status: 200}, nil
		})
		good := q.add(1, "A2", time.Now())
		e := start(t, q, lane(w))
		pass(4 * time.Second)
		if d := q.state(bad); d.Failed != 1 || !strings.Contains(d.Error, "no such template") {
			t.Errorf("%+v; want it failed by the panic", d)
		}
		if d := q.state(good); d.State != ppm.Delivered {
			t.Errorf("%+v; want it delivered", d)
		}
		if e.log.count("stack=") != 1 || e.log.count("backoff_test.go") != 1 {
			t.Errorf("the log does not say where:\n%s", &e.log.text)
		}
		pass(2 * time.Second)
		if n := len(w.times()); n != 3 {
			t.Errorf("%d attempts; want the one that failed made again", n)
		}
	})
}

func TestWhatCannotBeLoadedHoldsNothingUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		var bad []ppm.DeliveryName
		for range 20 {
			bad = append(bad, q.add(1, "A1", time.Now()))
		}
		q.loading = func(d ppm.Delivery) error {
			if d.Application == "A1" {
				return errors.New("the database is damaged")
			}
			return nil
		}
		good := q.add(1, "A2", time.Now().Add(time.Minute))
		start(t, q, lane(w))
		pass(time.Minute + 5*time.Millisecond)
		if d := q.state(good); d.State != ppm.Delivered {
			t.Errorf("%+v; want it delivered at its time", d)
		}
		pass(100 * time.Hour)
		for _, name := range bad {
			if d := q.state(name); d.State != ppm.GaveUp || d.Error != "load what is to be delivered: the database is damaged" {
				t.Errorf("%+v; want it given up in the end", d)
			}
		}
	})
}

// A way that says what only we can say must not be asked without end.
func TestAWayCannotInterruptItself(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{}, ppm.ErrInterrupted))
		name := q.add(1, "A1", time.Now())
		start(t, q, lane(w))
		pass(16 * time.Second)
		if d := q.state(name); d.Failed != 3 {
			t.Errorf("%+v; want three failures", d)
		}
	})
}

// What failed together does not come back together: each wait is drawn from its
// upper half.
func TestWaitsAreDrawnFromTheirUpperHalf(t *testing.T) {
	for name, tt := range map[string]struct {
		jitter    func() float64
		low, high float64 // of the full wait
	}{
		"lowest":        {func() float64 { return 0 }, 0.5, 0.5},
		"in the middle": {func() float64 { return 0.5 }, 0.75, 0.75},
		"drawn":         {nil, 0.5, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				w := newWay(t, always(0, ppm.Response{Status: 1}, ppm.ParticularError{Err: errRefused}))
				for range 10 {
					q.add(1, "A1", time.Now())
				}
				e := delivery.New(delivery.Options{Queue: q, Log: discard, Jitter: tt.jitter})
				e.Set([]delivery.Lane{lane(w)})
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- e.Run(ctx) }()
				pass(80 * time.Hour)
				stop()
				if err := <-done; err != nil {
					t.Error(err)
				}
				different := make(map[time.Duration]bool)
				for _, a := range q.attempts() {
					full := float64(min(5*time.Second<<min(a.Before.Failed, 20), time.Hour))
					if a.After.State == ppm.GaveUp {
						continue
					}
					wait := a.After.NextAttempt.Sub(a.Began)
					different[wait] = true
					if share := float64(wait) / full; share < tt.low-1e-6 || share > tt.high+1e-6 {
						t.Fatalf("after %d failures it waits %v; want %.2f to %.2f of %v", a.After.Failed, wait, tt.low, tt.high, time.Duration(full))
					}
				}
				if tt.jitter == nil && len(different) < 500 {
					t.Errorf("only %d different waits", len(different))
				}
			})
		})
	}
}
