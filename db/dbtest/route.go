package dbtest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var routeTests = tests{
	"NotificationsAreRoutedOnceInTheOrderTheyCame": routedInOrder,
	"OfTwoWhoRouteTheSameOneDoes":                  routedByTwo,
	"WhatIsWrongWithOneRouteKeepsNothing":          routedWhole,
	"EveryDecisionIsKeptWithItsReason":             decisionsAreKept,
	"MoreRoutesThanACommitTakes":                   routedInParts,
	"ADecisionAboutARemovedClientIsLeftOut":        routedToRemoved,
	"WhatIsErasedBeforeItIsRoutedGoesNowhere":      erasedUnrouted,
}

// acceptSome accepts notifications about the applications, one each.
func acceptSome(t tester, s db.Store, applications ...string) {
	t.Helper()
	known := counts(t, s).Accepted
	for i, application := range applications {
		a := Arrival(int(known) + i)
		a.Application = application
		accept(t, s, a)
	}
}

// routes returns routes to nobody for some notifications.
func routes(receipts ...ppm.Receipt) (all []ppm.Route) {
	for _, r := range receipts {
		all = append(all, ppm.Route{Receipt: r})
	}
	return all
}

func routedInOrder(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A", "B", "C", "D", "E")
	all := unrouted(t, s)
	if len(all) != 5 || counts(t, s).Notifications.Queued != 5 {
		t.Fatalf("%d are to be routed, counted %+v; want 5", len(all), counts(t, s))
	}
	if some, err := s.Unrouted(t.Context(), 2); err != nil || !slices.Equal(receiptsOf(some), all[:2]) || some[0].Application != "A" {
		t.Errorf("the first two are %v, %v; want %v", some, err, all[:2])
	}
	if err := s.Route(t.Context(), routes(all[:2]...)); err != nil {
		t.Fatal("route:", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = e.open(t, dir)
	if got := unrouted(t, s); !slices.Equal(got, all[2:]) {
		t.Errorf("after two, and reopening, what is to be routed is %v, want %v", got, all[2:])
	}
	to := []ppm.Decision{{Client: crm, Outcome: ppm.Wanted, Reason: "rule 1"}}
	for name, wrong := range map[string][]ppm.Receipt{
		"once more":        {all[1]},
		"once more and on": {all[1], all[2]},
		"beyond the next":  {all[3]},
		"not in order":     {all[3], all[2]},
		"with a gap":       {all[2], all[4]},
		"one twice":        {all[2], all[2]},
	} {
		rs := routes(wrong...)
		for i := range rs {
			rs[i].Decisions = to
		}
		if err := s.Route(t.Context(), rs); !errors.Is(err, db.ErrOvertaken) {
			t.Errorf("routing %s: %v, want ErrOvertaken", name, err)
		}
	}
	if got := unrouted(t, s); !slices.Equal(got, all[2:]) || client(t, s, crm).Waiting != 0 {
		t.Errorf("what was refused has moved the next to %v, and %d deliveries", got, client(t, s, crm).Waiting)
	}
	if got := wanted(t, s, crm); !slices.Equal(got, all[2:]) || client(t, s, crm).Waiting != 3 || len(unrouted(t, s)) != 0 {
		t.Errorf("routed %v, with %d deliveries; want %v", got, client(t, s, crm).Waiting, all[2:])
	}
	if err := s.Route(t.Context(), nil); err != nil {
		t.Error("routing nothing:", err)
	}
	if c := counts(t, s); c.Notifications.Queued != 3 || c.Notifications.Complete != 2 {
		t.Errorf("counted %+v", c)
	}
}

func routedByTwo(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, make([]string, 20)...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 { // each time, somebody has routed some
				next, err := s.Unrouted(t.Context(), 3)
				if err != nil {
					t.Error("unrouted:", err)
				}
				rs := routes(receiptsOf(next)...)
				for i := range rs {
					rs[i].Decisions = []ppm.Decision{{Client: crm, Outcome: ppm.Wanted, Reason: "rule 1"}}
				}
				if err := s.Route(t.Context(), rs); err != nil && !errors.Is(err, db.ErrOvertaken) {
					t.Error("route:", err)
				}
			}
		})
	}
	wg.Wait()
	if c := counts(t, s); c.Deliveries.Waiting != 20 || c.Notifications.Queued != 20 {
		t.Errorf("four at a time made %+v, want 20 deliveries", c)
	}
}

func routedWhole(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A", "B")
	all := unrouted(t, s)
	first := ppm.Route{Receipt: all[0], Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Wanted}}}
	for name, wrong := range map[string]ppm.Route{
		"would wait for data that nobody fetches": {Receipt: all[1], Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Undecided}}},
		"has no outcome":               {Receipt: all[1], Fetch: true, Decisions: []ppm.Decision{{Client: crm}}},
		"has an unknown outcome":       {Receipt: all[1], Fetch: true, Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Undecidable + 1}}},
		"decides about the API":        {Receipt: all[1], Decisions: []ppm.Decision{{Client: ppm.ClearmatchAPI, Outcome: ppm.Wanted}}},
		"decides about a client twice": {Receipt: all[1], Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Wanted}, {Client: crm, Outcome: ppm.Unwanted}}},
		"is of another identity":       {Receipt: ppm.NewReceipt(2, ppm.Identity{})},
		"has no receipt":               {},
	} {
		if err := s.Route(t.Context(), []ppm.Route{first, wrong}); err == nil {
			t.Errorf("a route that %s was kept", name)
		}
		if got := unrouted(t, s); !slices.Equal(got, all) || client(t, s, crm).Waiting != 0 || len(states(t, s, all[0])) != 0 {
			t.Fatalf("beside a route that %s, something was kept", name)
		}
	}
}

func decisionsAreKept(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	var decisions []ppm.Decision
	for outcome, name := range map[ppm.Outcome]string{ppm.Wanted: "a", ppm.Unwanted: "b", ppm.Undecided: "c", ppm.Undecidable: "d"} {
		number := keepClient(t, s, ppm.Client{Name: name})
		decisions = append(decisions, ppm.Decision{Client: number, Outcome: outcome, Reason: "grün, since " + name, Rule: 10 + number})
	}
	acceptSome(t, s, "A")
	began := time.Now().Add(-time.Millisecond)
	r := decide(t, s, ppm.Route{Fetch: true, Decisions: decisions})[0]
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = e.open(t, dir)
	got := states(t, s, r)
	want := map[ppm.Outcome]ppm.State{ppm.Wanted: ppm.Waiting, ppm.Unwanted: ppm.NotWanted, ppm.Undecided: ppm.NeedsData, ppm.Undecidable: ppm.GaveUp}
	for _, d := range decisions {
		is := got[d.Client]
		if is.State != want[d.Outcome] || is.Reason != d.Reason || is.Rule != d.Rule || is.Receipt != r || is.Application != "A" ||
			is.Attempts != 0 || is.Error != "" || is.Changed.Before(began) || is.NextAttempt.IsZero() == (d.Outcome == ppm.Wanted) {
			t.Errorf("%+v became %+v", d, is)
		}
		c := client(t, s, d.Client)
		if (c.Waiting == 1) != (is.State == ppm.Waiting || is.State == ppm.NeedsData) || (c.GaveUp == 1) != (is.State == ppm.GaveUp) || c.Delivered != 0 {
			t.Errorf("of %+v the client counts %+v", d, c.ClientHealth)
		}
	}
	if f := got[ppm.ClearmatchAPI]; len(got) != 5 || f.State != ppm.Waiting || f.NextAttempt.IsZero() {
		t.Errorf("there are %d states, and the fetching is %+v", len(got), f)
	}
	d := find(t, s, r)
	if len(d.Deliveries) != 4 || d.Fetching == nil || d.Status != ppm.Queued {
		t.Errorf("shown is %+v", d)
	}
	for _, one := range d.Deliveries {
		if one.Delivery != got[one.Client] || one.Key != one.DeliveryName.Key() || one.Name == "" || len(one.Made) != 0 {
			t.Errorf("shown is %+v, want %+v", one, got[one.Client])
		}
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Waiting: 2, GaveUp: 1}) || c.Notifications.Queued != 1 {
		t.Errorf("counted %+v", c)
	}
}

func routedInParts(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	var decisions []ppm.Decision
	for _, name := range []string{"a", "b", "c"} {
		decisions = append(decisions, ppm.Decision{Client: keepClient(t, s, ppm.Client{Name: name}), Outcome: ppm.Wanted, Reason: "rule 1"})
	}
	acceptSome(t, s, make([]string, 150)...)
	all := decide(t, s, ppm.Route{Decisions: decisions})
	for _, r := range []ppm.Receipt{all[0], all[75], all[149]} {
		if got := states(t, s, r); len(got) != 3 {
			t.Errorf("%s has %+v", r, got)
		}
	}
	if c := counts(t, s); c.Deliveries.Waiting != 450 || c.Notifications.Queued != 150 || len(unrouted(t, s)) != 0 {
		t.Errorf("counted %+v, want 450 deliveries of 150 notifications", c)
	}
}

func routedToRemoved(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm, billing := keepClient(t, s, ppm.Client{Name: "CRM"}), keepClient(t, s, ppm.Client{Name: "Billing"})
	acceptSome(t, s, "A")
	if err := s.RemoveClient(t.Context(), crm, "anna"); err != nil {
		t.Fatal(err)
	}
	r := decide(t, s, ppm.Route{Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Wanted}, {Client: billing, Outcome: ppm.Wanted}, {Client: 99, Outcome: ppm.Wanted}}})[0]
	if got := states(t, s, r); len(got) != 1 || got[billing].State != ppm.Waiting {
		t.Errorf("it is %+v, want one delivery to the client that is there", got)
	}
	if c := client(t, s, crm); c.Waiting != 0 || counts(t, s).Deliveries.Waiting != 1 {
		t.Errorf("for the removed client %d are waiting", c.Waiting)
	}
}

func erasedUnrouted(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	gone, stays := accept(t, s, Arrival(1)).Receipt, accept(t, s, Arrival(2)).Receipt
	erase(t, s, Arrival(1).Application)
	route(t, s, crm)
	if d := find(t, s, gone); d.Status != ppm.Complete || d.Fetching != nil || len(d.Deliveries) != 0 {
		t.Errorf("what was erased before it was routed is %s, fetched %+v, delivered %+v", d.Status, d.Fetching, d.Deliveries)
	}
	if d := find(t, s, stays); d.Status != ppm.Queued || d.Fetching == nil || len(d.Deliveries) != 1 {
		t.Errorf("the other one is %s, fetched %+v, delivered %+v", d.Status, d.Fetching, d.Deliveries)
	}
	counts(t, s)
}
