package delivery_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"processmanager/delivery"
	"processmanager/ppm"
)

// An engine with nothing to do does nothing: it asks once what an earlier run
// has left, and never again unless it is told to look.
func TestNothingIsAskedWhileNothingIsDue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		var set []delivery.Lane
		for i := range 10 {
			l := lane(newWay(t, always(0, ppm.Response{Status: 200}, nil)))
			l.Number = int64(i)
			set = append(set, l)
		}
		e := start(t, q, set...)
		pass(24 * time.Hour)
		if n := q.count(&q.claims); n != 10 {
			t.Errorf("%d claims in a day; want one for each of 10 lanes", n)
		}
		q.add(3, "A1", e.wall.now())
		e.Hint()
		pass(24 * time.Hour)
		if n := q.count(&q.claims); n < 20 || n > 22 || q.left() != 0 {
			t.Errorf("%d claims with one delivery and one hint; want 20 or so", n)
		}
	})
}

// Who is held or down, or whose attempts hang, is not asked about more often either.
func TestHintsAreNoneOfClaims(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lane  func(*delivery.Lane)
		due   int // deliveries
		after time.Duration
		most  int // claims in ten seconds
	}{
		{"nothing is due", func(*delivery.Lane) {}, 0, 0, 2100}, // one every 5 ms
		{"it is down", func(l *delivery.Lane) { l.Failing = ppm.DownAfter }, 10, 0, 5},
		{"every hand is busy", func(*delivery.Lane) {}, 10, time.Hour, 5},
		{"the rate is used up", func(l *delivery.Lane) { l.PerMinute = 6 }, 10, 0, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				for range tt.due {
					q.add(1, "A1", time.Now())
				}
				l := lane(newWay(t, always(0, ppm.Response{}, errRefused)))
				if tt.after > 0 {
					l.Way = newWay(t, always(tt.after, ppm.Response{}, errRefused))
				}
				l.Limit = time.Hour
				tt.lane(&l)
				e := start(t, q, l)
				for range 10_000 {
					for range 10 {
						e.Hint()
					}
					pass(time.Millisecond)
				}
				if n := q.count(&q.claims); n > tt.most {
					t.Errorf("%d claims; want %d at most", n, tt.most)
				}
			})
		})
	}
}

// A million hints at one moment are one or two.
func TestAStormOfHintsIsOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		e := start(t, q, lane(newWay(t, always(0, ppm.Response{Status: 200}, nil))))
		pass(time.Minute)
		before := q.count(&q.claims)
		for range 1_000_000 {
			e.Hint()
		}
		synctest.Wait()
		pass(time.Minute)
		if n := q.count(&q.claims) - before; n < 1 || n > 2 {
			t.Errorf("%d claims; want one, or one more for what came while it was made", n)
		}
	})
}

// Without a hint, each is attempted when it is due.
func TestEachIsAttemptedAtItsTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		due := make(map[ppm.DeliveryName]time.Duration)
		random := rand.New(rand.NewPCG(1, 2))
		for range 300 {
			after := time.Duration(random.Int64N(int64(time.Hour)))
			due[q.add(1, "A1", time.Now().Add(after))] = after
		}
		l := lane(w)
		l.Concurrency = 2
		start(t, q, l)
		pass(time.Hour + time.Second)
		for _, c := range w.calls {
			if late := c.at - due[c.name]; late < 0 || late > 5*time.Millisecond {
				t.Errorf("%s was attempted %v after its time", c.name.Key(), late)
			}
		}
		if q.left() != 0 || len(w.calls) != 300 {
			t.Errorf("%d left, %d attempts", q.left(), len(w.calls))
		}
		// Hardly more often than something was due, and once a minute while something waits.
		if n := q.count(&q.claims); n > 2*300+60 {
			t.Errorf("%d claims for 300 deliveries", n)
		}
	})
}
