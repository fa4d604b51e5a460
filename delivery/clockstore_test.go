package delivery_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"processmanager/db/dbtest"
	"processmanager/db/sqlite"
	"processmanager/delivery"
	"processmanager/ppm"
)

// jumps are those of P10; where a computer keeps local time, the hours are
// daylight saving.
var jumps = map[string]time.Duration{
	"a day back":   -24 * time.Hour,
	"an hour back": -time.Hour,
	"an hour on":   time.Hour,
	"a year on":    365 * 24 * time.Hour,
}

// stored returns a store on disk with so many deliveries, due now, to the
// client that is lane 1.
func stored(t *testing.T, deliveries int, ordered bool) (*sqlite.Store, []ppm.DeliveryName) {
	t.Helper()
	s, err := sqlite.Open(sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	number, err := s.SaveClient(t.Context(), ppm.Client{
		Name: "billing", Kind: ppm.Folder, Settings: []byte(`{}`), Backoff: backoff, Concurrency: 1, Ordered: ordered,
	}, "test")
	if err != nil || number != 1 {
		t.Fatalf("saved client %d: %v", number, err)
	}
	var names []ppm.DeliveryName
	var routes []ppm.Route
	for i := range deliveries {
		a := dbtest.Arrival(i)
		if ordered {
			a.Application = "A1"
		}
		acknowledged, err := s.Accept(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, ppm.DeliveryName{Receipt: acknowledged.Receipt, Client: number})
		routes = append(routes, ppm.Route{Receipt: acknowledged.Receipt, Decisions: []ppm.Decision{{Client: number, Outcome: ppm.Wanted, Reason: "rule 1"}}})
	}
	if err := s.Route(t.Context(), routes); err != nil {
		t.Fatal(err)
	}
	return s, names
}

// inStore fails the test unless the store holds the delivery as delivered by so many attempts.
func inStore(t *testing.T, s *sqlite.Store, name ppm.DeliveryName, attempts int) {
	t.Helper()
	n, err := s.Find(t.Context(), name.Receipt)
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Deliveries) != 1 {
		t.Fatalf("%d deliveries of %s", len(n.Deliveries), name.Receipt)
	}
	if d := n.Deliveries[0]; d.State != ppm.Delivered || d.Attempts != attempts || len(d.Made) != attempts {
		t.Errorf("%+v; want it delivered by %d attempts", d, attempts)
	}
}

// In the store, a delivery waits until a time of the wall clock. However that
// jumps, it waits no longer than the longest back-off from then on.
func TestP10WhileSomethingWaitsInTheStore(t *testing.T) {
	for name, jump := range jumps {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, names := stored(t, 3, false)
				fails := true
				w := newWay(t, func(context.Context, ppm.Parcel) (ppm.Response, error) {
					if fails {
						return ppm.Response{Status: 1}, ppm.ParticularError{Err: errRefused}
					}
					return ppm.Response{Status: 200}, nil
				})
				l := lane(w)
				l.Backoff.First = 45 * time.Minute
				e := start(t, s, l)
				pass(10 * time.Minute)
				fails = false
				e.wall.jump(jump)
				pass(time.Hour + time.Minute)
				e.stop()
				for _, name := range names {
					inStore(t, s, name, 2)
				}
			})
		})
	}
}

// In the store, a lease ends at a time of the wall clock.
func TestP10DuringAttemptsFromTheStore(t *testing.T) {
	for name, jump := range jumps {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ordered %t", name, ordered), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s, names := stored(t, 3, ordered)
					w := newWay(t, always(9*time.Minute, ppm.Response{Status: 200}, nil))
					l := lane(w)
					l.Concurrency, l.Limit = 3, 10*time.Minute
					e := start(t, s, l)
					pass(time.Minute)
					e.wall.jump(jump)
					for range 30 {
						e.Hint()
						pass(time.Minute)
					}
					e.stop()
					for _, name := range names {
						inStore(t, s, name, 1)
					}
					if n := len(w.times()); n != 3 {
						t.Errorf("attempts at %v; want 3", w.times())
					}
				})
			})
		}
	}
}

// A service that is started after the jump finds what an earlier one has leased,
// and what waits, as if it had been set so by its own clock.
func TestP10BetweenTwoRuns(t *testing.T) {
	for name, jump := range jumps {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, names := stored(t, 20, false)
				now := time.Now()
				if killed, _, err := s.Claim(t.Context(), 1, now, now.Add(45*time.Second), time.Hour, 10); err != nil || len(killed) != 10 {
					t.Fatalf("claimed %d: %v", len(killed), err)
				}
				w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
				e := start(t, s)
				e.wall.jump(jump)
				e.Set([]delivery.Lane{lane(w)})
				pass(time.Hour + time.Minute)
				e.stop()
				for _, name := range names {
					inStore(t, s, name, 1)
				}
			})
		})
	}
}
