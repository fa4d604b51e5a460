package dbtest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var claimTests = tests{
	"OnlyWhatIsDueIsClaimed":                   claimsDue,
	"WhatIsLongestDueIsClaimedFirst":           claimsLongestDue,
	"ALeaseIsNobodyElsesUntilItIsOver":         leases,
	"EachIsClaimedByOneOfMany":                 claimsAtTheSameTime,
	"WhatIsDueTooLateIsDueNow":                 claimsBeyondHorizon,
	"WhatIsHeldIsClaimedByNobody":              claimsNotHeld,
	"WhatWaitsForARemovedClientIsStillClaimed": claimsOfRemoved,
}

func hold(t tester, s db.Store, client int64, held bool) {
	t.Helper()
	if err := s.HoldClient(t.Context(), client, held, "anna"); err != nil {
		t.Fatal("hold:", err)
	}
}

// nothingDue checks that nothing is due to a client at now, and when the next will be.
func nothingDue(t tester, s db.Store, client int64, now, want time.Time) {
	t.Helper()
	if claimed, next := claim(t, s, client, now, 1000); len(claimed) != 0 || !next.Equal(want) {
		t.Errorf("due are %v, the next at %s; want none, the next at %s", claimedOf(claimed), next, want)
	}
}

func claimsDue(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm, billing := keepClient(t, s, ppm.Client{Name: "CRM"}), keepClient(t, s, ppm.Client{Name: "Billing"})
	nothingDue(t, s, crm, time.Now(), time.Time{})
	acceptSome(t, s, "A", "B", "C")
	all := wanted(t, s, crm)
	now := time.Now()
	nothingDue(t, s, billing, now, time.Time{})
	nothingDue(t, s, ppm.ClearmatchAPI, now, time.Time{})
	claimed, next := claim(t, s, crm, now, 1000)
	if !slices.Equal(claimedOf(claimed), all) || !next.IsZero() {
		t.Fatalf("claimed %+v, the next at %s", claimed, next)
	}
	for i, d := range claimed {
		if d != states(t, s, d.Receipt)[crm] || d.Client != crm || d.State != ppm.Waiting || d.Claim == 0 || d.Reason != "rule 1" || d.Rule != 1 ||
			d.Attempts != 0 || !d.FirstAttempt.IsZero() || d.Application != []string{"A", "B", "C"}[i] {
			t.Errorf("claimed %+v", d)
		}
	}
	record(t, s, tried(claimed[0], now, ppm.Response{}, nil))
	at := micros(now.Add(time.Minute))
	for i, next := range []time.Time{at, at.Add(time.Microsecond)} {
		a := tried(claimed[i+1], now, ppm.Response{}, errNotNow)
		a.After.NextAttempt = next
		record(t, s, a)
	}
	nothingDue(t, s, crm, at.Add(-time.Microsecond), at)
	if claimed, _ := claim(t, s, crm, at, 0); len(claimed) != 0 {
		t.Errorf("of at most none, %v were claimed", claimed)
	}
	for i, next := range []time.Time{at.Add(time.Microsecond), at.Add(time.Minute)} { // the last is the end of the first lease
		claimed, is := claim(t, s, crm, at.Add(time.Duration(i)*time.Microsecond), 1000)
		if !slices.Equal(claimedOf(claimed), all[i+1:i+2]) || !is.Equal(next) || claimed[0].Failed != 1 {
			t.Errorf("when it was due, claimed %+v, the next at %s, want %s", claimed, is, next)
		}
	}
}

func claimsLongestDue(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A", "B", "C", "D", "E")
	all := wanted(t, s, crm)
	now := time.Now()
	claimed, _ := claim(t, s, crm, now, 5)
	at := make([]time.Time, len(all))
	for i, minutes := range []time.Duration{4, 2, 5, 1, 3} {
		a := tried(claimed[i], now, ppm.Response{}, errNotNow)
		at[i] = now.Add(minutes * time.Minute).Truncate(time.Microsecond)
		a.After.NextAttempt = at[i]
		record(t, s, a)
	}
	now = now.Add(time.Hour)
	for _, step := range []struct {
		limit int
		want  []ppm.Receipt
		next  time.Time
	}{
		{2, []ppm.Receipt{all[1], all[3]}, at[4]},
		{1, []ppm.Receipt{all[4]}, at[0]},
		{9, []ppm.Receipt{all[0], all[2]}, now.Add(time.Minute).Truncate(time.Microsecond)}, // when the leases of the others are over
	} {
		if claimed, next := claim(t, s, crm, now, step.limit); !slices.Equal(claimedOf(claimed), step.want) || !next.Equal(step.next) {
			t.Errorf("of at most %d, claimed %v, the next at %s; want %v, %s", step.limit, claimedOf(claimed), next, step.want, step.next)
		}
	}
}

func leases(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A")
	wanted(t, s, crm)
	now := time.Now()
	first, _ := claim(t, s, crm, now, 9)
	until := now.Add(time.Minute).Truncate(time.Microsecond)
	nothingDue(t, s, crm, now, until)
	nothingDue(t, s, crm, until.Add(-time.Microsecond), until)
	// However near the horizon, a lease is no delivery that is due too late.
	if claimed, _, err := s.Claim(t.Context(), crm, now, now.Add(time.Minute), time.Second, 9); err != nil || len(claimed) != 0 {
		t.Errorf("while it is leased, claimed %v, %v", claimed, err)
	}
	second, _ := claim(t, s, crm, until, 9)
	if len(first) != 1 || len(second) != 1 || first[0].DeliveryName != second[0].DeliveryName || first[0].Claim == second[0].Claim {
		t.Fatalf("claimed %+v, and when that lease was over %+v", first, second)
	}
	record(t, s, tried(second[0], until, ppm.Response{}, nil))
	nothingDue(t, s, crm, until.Add(day), time.Time{})
}

func claimsAtTheSameTime(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, make([]string, 120)...)
	all := wanted(t, s, crm)
	now := time.Now()
	var mu sync.Mutex
	var claimed []ppm.Delivery
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 20 {
				some, _, err := s.Claim(t.Context(), crm, now, now.Add(time.Minute), time.Hour, 7)
				if err != nil || len(some) > 7 {
					t.Errorf("of at most 7, claimed %d, %v", len(some), err)
				}
				mu.Lock()
				claimed = append(claimed, some...)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if got := claimedOf(claimed); !slices.Equal(got, all) {
		t.Errorf("%d were claimed, want each of %d once", len(got), len(all))
	}
}

func claimsBeyondHorizon(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A", "B")
	all := wanted(t, s, crm)
	now := time.Now()
	claimed, _ := claim(t, s, crm, now, 2)
	for i, wait := range []time.Duration{time.Hour, time.Hour + time.Millisecond} {
		a := tried(claimed[i], now, ppm.Response{}, errNotNow)
		a.After.NextAttempt = now.Add(wait)
		record(t, s, a)
	}
	claimed, next := claim(t, s, crm, now, 9)
	if !slices.Equal(claimedOf(claimed), all[1:]) || !next.Equal(now.Add(time.Hour).Truncate(time.Microsecond)) {
		t.Errorf("claimed %v, the next at %s; want the one that is due beyond the horizon", claimedOf(claimed), next)
	}
	record(t, s, tried(claimed[0], now, ppm.Response{}, nil))
	now = now.Add(-day) // the clock is put back
	if claimed, _ := claim(t, s, crm, now, 9); !slices.Equal(claimedOf(claimed), all[:1]) {
		t.Errorf("when the clock is put back, claimed %v, want %v", claimedOf(claimed), all[:1])
	}
}

func claimsNotHeld(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm, billing := keepClient(t, s, ppm.Client{Name: "CRM"}), keepClient(t, s, ppm.Client{Name: "Billing"})
	acceptSome(t, s, "A", "B")
	all := decide(t, s, ppm.Route{Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Wanted}, {Client: billing, Outcome: ppm.Wanted}}})
	now := time.Now()
	leased, _ := claim(t, s, crm, now, 1)
	hold(t, s, crm, true)
	nothingDue(t, s, crm, now, time.Time{})
	nothingDue(t, s, crm, now.Add(day), time.Time{})
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Waiting: 2, Held: 2}) || c.Notifications.Queued != 2 {
		t.Errorf("held, counted %+v", c)
	}
	if n := attempt(t, s, billing, now, works); n != 2 {
		t.Errorf("of another client, %d were due, want 2", n)
	}
	record(t, s, tried(leased[0], now, ppm.Response{}, nil)) // what was under way counts
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Delivered: 3, Held: 1}) {
		t.Errorf("after what was under way, counted %+v", c)
	}
	hold(t, s, crm, false)
	if got, _ := claim(t, s, crm, now, 9); !slices.Equal(claimedOf(got), all[1:]) || counts(t, s).Deliveries.Waiting != 1 {
		t.Errorf("resumed, claimed %v, want %v", claimedOf(got), all[1:])
	}
}

func claimsOfRemoved(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM", Ordered: true})
	acceptSome(t, s, "A", "A", "B")
	wanted(t, s, crm)
	hold(t, s, crm, true)
	if err := s.RemoveClient(t.Context(), crm, "anna"); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if a, b := attempt(t, s, crm, now, fails(errGone)), attempt(t, s, crm, now.Add(time.Second), fails(errGone)); a != 2 || b != 1 {
		t.Errorf("%d and %d were due, want the first of each application, and then the other", a, b)
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{GaveUp: 3}) || c.Notifications.Failed != 3 {
		t.Errorf("counted %+v", c)
	}
}
