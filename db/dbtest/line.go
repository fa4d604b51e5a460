package dbtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var lineTests = tests{
	"OfEachApplicationOneIsDueAtATime":    oneAtATime,
	"WithoutOrderAllAreDue":               allAtOnce,
	"WhatWaitsForDataHoldsUpItsLine":      lineWaitsForData,
	"WhatIsSentAgainTakesItsTurn":         resentInLine,
	"ADeadLetterHoldsNobodyUp":            deadInLine,
	"ClientsCanBecomeOrderedAndUnordered": reordered,
}

func reordered(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	for i := range 6 {
		a := Arrival(i)
		a.Application = []string{"A", "B"}[i%2]
		accept(t, s, a)
	}
	all := wanted(t, s, crm)
	now := time.Now().Add(time.Second)
	if got := due(t, s, crm, now); !slices.Equal(got, all) {
		t.Fatalf("due are %v, want %v", got, all)
	}
	leased, _, err := s.Claim(t.Context(), crm, now.Add(time.Second), now.Add(time.Hour), day, 1000)
	if err != nil || len(leased) != len(all) {
		t.Fatal("claim:", leased, err)
	}

	c := client(t, s, crm)
	c.Ordered = true
	save(t, s, c)
	later := now.Add(2 * time.Hour)
	if got := due(t, s, crm, later); !slices.Equal(got, all[:2]) {
		t.Errorf("ordered, due are %v, want %v", got, all[:2])
	}
	for _, d := range leased { // of those in the line nobody has the lease any more
		a := ppm.Attempt{Before: d, After: d.Attempted(now, now, nil, ppm.DefaultBackoff, 0), Began: now}
		if err := s.Record(t.Context(), a); !errors.Is(err, db.ErrOvertaken) {
			t.Errorf("recording under a lease that was taken away or has ended: %v", err)
		}
	}
	for from := 0; from < len(all); from += 2 {
		later = later.Add(time.Minute)
		if n := attempt(t, s, crm, later, func(d ppm.Delivery) (ppm.Response, error) {
			if !slices.Contains(all[from:from+2], d.Receipt) {
				t.Errorf("%s came out of turn", d.Receipt)
			}
			return ppm.Response{}, nil
		}); n != 2 {
			t.Errorf("%d were due at a time, want one of each application", n)
		}
		if from == 0 { // the rest goes at once again
			c.Ordered = false
			save(t, s, c)
			later = later.Add(time.Minute)
			if got := due(t, s, crm, later); !slices.Equal(got, all[2:]) {
				t.Errorf("not ordered any more, due are %v, want %v", got, all[2:])
			}
			c.Ordered = true
			save(t, s, c)
		}
	}
	if c := counts(t, s); c.Deliveries.Delivered != int64(len(all)) || c.Notifications.Queued != 0 {
		t.Errorf("in the end it is %+v", c)
	}
}

// inLine returns a store with an ordered client and four notifications about A,
// A, B and A.
func inLine(t *testing.T, e Engine) (s db.Store, crm int64) {
	t.Helper()
	s = e.open(t, t.TempDir())
	crm = keepClient(t, s, ppm.Client{Name: "CRM", Ordered: true})
	acceptSome(t, s, "A", "A", "B", "A")
	return s, crm
}

func oneAtATime(t *testing.T, e Engine) {
	s, crm := inLine(t, e)
	all := wanted(t, s, crm)
	now := time.Now()
	leased, _ := claim(t, s, crm, now, 9)
	if got := claimedOf(leased); !slices.Equal(got, []ppm.Receipt{all[0], all[2]}) {
		t.Fatalf("due are %v, want the first of each application", got)
	}
	nothingDue(t, s, crm, now, micros(now.Add(time.Minute)))
	now = now.Add(time.Hour)
	record(t, s, tried(leased[0], now, ppm.Response{}, errNotNow)) // even now the second waits for the first
	record(t, s, tried(leased[1], now, ppm.Response{}, nil))
	again := states(t, s, all[0])[crm].NextAttempt
	nothingDue(t, s, crm, now, again)
	if d := states(t, s, all[1])[crm]; d.State != ppm.Waiting || !d.NextAttempt.IsZero() {
		t.Errorf("behind one that failed, the second is %+v", d)
	}
	for i, how := range []func(ppm.Delivery) (ppm.Response, error){works, fails(errGone), works} {
		now = again.Add(time.Duration(i) * time.Hour)
		want := []ppm.Receipt{all[0], all[1], all[3]}[i]
		if n := attempt(t, s, crm, now, func(d ppm.Delivery) (ppm.Response, error) {
			if d.Receipt != want {
				t.Errorf("it is the turn of %s, want %s", d.Receipt, want)
			}
			return how(d)
		}); n != 1 {
			t.Errorf("%d were due, want 1", n)
		}
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Delivered: 3, GaveUp: 1}) {
		t.Errorf("counted %+v", c)
	}
	acceptSome(t, s, "A")
	if got := wanted(t, s, crm); !slices.Equal(due(t, s, crm, time.Now()), got) {
		t.Errorf("with nothing before it, %v is not due", got)
	}
}

func allAtOnce(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A", "A", "A")
	all := wanted(t, s, crm)
	now := time.Now()
	if got := due(t, s, crm, now); !slices.Equal(got, all) {
		t.Errorf("due are %v, want all", got)
	}
	attempt(t, s, crm, now, fails(errNotNow))
	if n := attempt(t, s, crm, now.Add(time.Minute), works); n != 3 {
		t.Errorf("%d were due again, want 3", n)
	}
}

func lineWaitsForData(t *testing.T, e Engine) {
	for _, outcome := range []ppm.Outcome{ppm.Wanted, ppm.Unwanted, ppm.Undecidable, 0} {
		s, crm := inLine(t, e)
		first := unrouted(t, s)[0]
		err := s.Route(t.Context(), []ppm.Route{{Receipt: first, Fetch: true, Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Undecided}}}})
		if err != nil {
			t.Fatal("route:", err)
		}
		rest := wanted(t, s, crm)
		now := time.Now()
		if got := due(t, s, crm, now); !slices.Equal(got, rest[1:2]) {
			t.Errorf("while the first waits for data, due are %v, want that of the other application", got)
		}
		attempt(t, s, ppm.ClearmatchAPI, now, func(ppm.Delivery) (ppm.Response, error) {
			if outcome == 0 { // fetching gives up
				return ppm.Response{}, errGone
			}
			return ppm.Response{Decisions: []ppm.Decision{{Client: crm, Outcome: outcome}}}, nil
		})
		now = now.Add(time.Second)
		want := []ppm.Receipt{rest[0], rest[1]}
		if outcome == ppm.Wanted {
			want = []ppm.Receipt{first, rest[1]}
		}
		if got := due(t, s, crm, now); !slices.Equal(got, want) {
			t.Errorf("when the first has outcome %d, due are %v, want %v", outcome, got, want)
		}
	}
}

// resentInLine sends the first again while the second is under way: it waits
// for that one, and goes before the third.
func resentInLine(t *testing.T, e Engine) {
	s, crm := inLine(t, e)
	all := wanted(t, s, crm)
	now := time.Now()
	attempt(t, s, crm, now, works)
	now = now.Add(time.Second)
	second, _ := claim(t, s, crm, now, 9)
	if got := claimedOf(second); !slices.Equal(got, all[1:2]) {
		t.Fatalf("claimed %v, want the second", got)
	}
	resend(t, s, true, ppm.DeliveryName{Receipt: all[0], Client: crm})
	nothingDue(t, s, crm, now, micros(now.Add(time.Minute)))
	record(t, s, tried(second[0], now, ppm.Response{}, nil))
	for _, want := range []ppm.Receipt{all[0], all[3]} {
		now = now.Add(time.Second)
		if got := due(t, s, crm, now); !slices.Equal(got, []ppm.Receipt{want}) {
			t.Errorf("due are %v, want %s", got, want)
		}
		attempt(t, s, crm, now, works)
	}
}

// deadInLine sends again what has given up, while nothing of its line is under
// way, and while the next one is to be tried again.
func deadInLine(t *testing.T, e Engine) {
	s, crm := inLine(t, e)
	all := wanted(t, s, crm)
	now := time.Now()
	attempt(t, s, crm, now, fails(errGone))
	now = now.Add(time.Second)
	attempt(t, s, crm, now, fails(errNotNow)) // the second of A
	resend(t, s, false, ppm.DeliveryName{Receipt: all[0], Client: crm}, ppm.DeliveryName{Receipt: all[2], Client: crm})
	if got := due(t, s, crm, time.Now()); !slices.Equal(got, all[2:3]) {
		t.Errorf("due are %v, want that of B at once, and that of A in its turn", got)
	}
	for _, want := range [][]ppm.Receipt{{all[1], all[2]}, {all[0]}, {all[3]}} {
		now = now.Add(time.Hour)
		if got := due(t, s, crm, now); !slices.Equal(got, want) {
			t.Errorf("due are %v, want %v", got, want)
		}
		attempt(t, s, crm, now, works)
	}
}
