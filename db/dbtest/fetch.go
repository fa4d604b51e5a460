package dbtest

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var fetchTests = tests{
	"WhoNeedsDataWaitsForIt":              needsData,
	"WhatWasFetchedIsKeptEachTime":        fetchesAreKept,
	"WhoWaitedAndIsNotDecidedGetsNothing": fetchedUndecided,
	"WhenFetchingGivesUpWhatWaitedDoes":   fetchGivesUp,
	"FetchingGoesOneAfterAnother":         fetchesInOrder,
	"AWrongDecisionKeepsNothing":          fetchedWrongly,
}

// wantedNow is a fetch that has the clients want it.
func wantedNow(clients ...int64) func(ppm.Delivery) (ppm.Response, error) {
	r := ppm.Response{Status: 200, Data: []byte(`{}`)}
	for _, c := range clients {
		r.Decisions = append(r.Decisions, ppm.Decision{Client: c, Outcome: ppm.Wanted, Reason: "rule 7", Rule: 7})
	}
	return func(ppm.Delivery) (ppm.Response, error) { return r, nil }
}

// needing keeps clients of those names, and routes all that is not routed to
// them, who need data.
func needing(t *testing.T, s db.Store, names ...string) (clients []int64, receipts []ppm.Receipt) {
	t.Helper()
	r := ppm.Route{Fetch: true}
	for _, name := range names {
		c := keepClient(t, s, ppm.Client{Name: name})
		clients = append(clients, c)
		r.Decisions = append(r.Decisions, ppm.Decision{Client: c, Outcome: ppm.Undecided, Reason: "rule 7 needs data"})
	}
	acceptSome(t, s, "A")
	return clients, decide(t, s, r)
}

func needsData(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	clients, receipts := needing(t, s, "CRM", "Billing", "Archive")
	now := time.Now()
	for _, c := range clients {
		nothingDue(t, s, c, now.Add(100*day), time.Time{})
	}
	for _, err := range []error{errNotNow, ppm.ErrInterrupted} { // they go on waiting
		attempt(t, s, ppm.ClearmatchAPI, now, fails(err))
		for _, c := range clients {
			if d := states(t, s, receipts[0])[c]; d.State != ppm.NeedsData || d.Reason != "rule 7 needs data" {
				t.Errorf("after %v it is %+v", err, d)
			}
		}
		now = now.Add(time.Minute)
	}
	if c := counts(t, s); c.Deliveries.Waiting != 3 || c.Notifications.Queued != 1 {
		t.Errorf("while they wait, counted %+v", c)
	}
	decisions := []ppm.Decision{
		{Client: clients[0], Outcome: ppm.Wanted, Reason: "amount is 5", Rule: 8},
		{Client: clients[1], Outcome: ppm.Unwanted, Reason: "amount is not 6", Rule: 9},
		{Client: clients[2], Outcome: ppm.Undecidable, Reason: "amount is no number", Rule: 10},
	}
	ended := now.Add(time.Millisecond)
	attempt(t, s, ppm.ClearmatchAPI, now, func(ppm.Delivery) (ppm.Response, error) {
		return ppm.Response{Data: []byte(`{"amount":5}`), Decisions: decisions}, nil
	})
	is := states(t, s, receipts[0])
	for i, want := range []ppm.State{ppm.Waiting, ppm.NotWanted, ppm.GaveUp} {
		d := is[clients[i]]
		if d.State != want || d.Reason != decisions[i].Reason || d.Rule != decisions[i].Rule || d.Attempts != 0 || !d.Changed.Equal(micros(ended)) {
			t.Errorf("decided as %+v, it is %+v", decisions[i], d)
		}
	}
	if is[ppm.ClearmatchAPI].State != ppm.Delivered || is[ppm.ClearmatchAPI].Attempts != 2 {
		t.Errorf("the fetching is %+v", is[ppm.ClearmatchAPI])
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Waiting: 1, GaveUp: 1}) || c.Notifications.Queued != 1 {
		t.Errorf("decided, counted %+v", c)
	}
	if n := attempt(t, s, clients[0], ended, works); n != 1 || find(t, s, receipts[0]).Status != ppm.Failed {
		t.Errorf("%d were due to who wants it, and it is %s", n, find(t, s, receipts[0]).Status)
	}
}

func fetchesAreKept(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	clients, receipts := needing(t, s, "CRM")
	var want []ppm.Fetch
	now := time.Now()
	for _, data := range []string{`{"amount":1.10}`, "", " { } "} {
		if n := attempt(t, s, ppm.ClearmatchAPI, now, func(ppm.Delivery) (ppm.Response, error) { return ppm.Response{Data: []byte(data)}, nil }); n != 1 {
			t.Fatalf("%d fetches were due", n)
		}
		want = append(want, ppm.Fetch{At: micros(now.Add(time.Millisecond)), Data: data})
		resend(t, s, true, ppm.DeliveryName{Receipt: receipts[0], Client: ppm.ClearmatchAPI})
		now = time.Now().Add(time.Minute)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = e.open(t, dir)
	if got := find(t, s, receipts[0]).Fetches; !reflect.DeepEqual(got, want) {
		t.Errorf("fetched was %+v, want %+v", got, want)
	}
	if d := states(t, s, receipts[0])[clients[0]]; d.State != ppm.NotWanted {
		t.Errorf("fetching again has made it %+v", d)
	}
}

func fetchedUndecided(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	clients, receipts := needing(t, s, "CRM", "Billing")
	if err := s.RemoveClient(t.Context(), clients[0], "anna"); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	attempt(t, s, ppm.ClearmatchAPI, now, wantedNow(clients[1], 99)) // 99 did not wait
	is := states(t, s, receipts[0])
	if d := is[clients[0]]; d.State != ppm.NotWanted || !strings.Contains(d.Reason, "removed") || d.Rule != 0 {
		t.Errorf("of who is not decided about, it is %+v", d)
	}
	if d := is[clients[1]]; d.State != ppm.Waiting || len(is) != 3 {
		t.Errorf("of who is, it is %+v, of %d", d, len(is))
	}
	attempt(t, s, clients[1], now.Add(time.Minute), works)
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Delivered: 1}) || c.Notifications.Complete != 1 {
		t.Errorf("counted %+v", c)
	}
}

func fetchGivesUp(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	clients, receipts := needing(t, s, "CRM", "Billing")
	now := time.Now()
	attempt(t, s, ppm.ClearmatchAPI, now, func(ppm.Delivery) (ppm.Response, error) {
		r, _ := wantedNow(clients...)(ppm.Delivery{}) // counts for nothing beside the error
		return r, ppm.PermanentError{Err: errors.New("404 Not Found")}
	})
	is := states(t, s, receipts[0])
	for _, c := range clients {
		if d := is[c]; d.State != ppm.GaveUp || !strings.Contains(d.Error, "404 Not Found") || d.Attempts != 0 || d.Reason != "rule 7 needs data" {
			t.Errorf("it is %+v", d)
		}
	}
	if d := is[ppm.ClearmatchAPI]; d.State != ppm.GaveUp || d.Error != "404 Not Found" || len(find(t, s, receipts[0]).Fetches) != 0 {
		t.Errorf("the fetching is %+v", d)
	}
	if dead, err := s.DeadLetters(t.Context(), -1, ppm.DeliveryName{}, 9); err != nil || len(dead) != 3 {
		t.Errorf("dead letters are %+v, %v; want all three", dead, err)
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{GaveUp: 2}) || c.Notifications.Failed != 1 {
		t.Errorf("counted %+v", c)
	}
	if h, err := s.Fetching(t.Context()); err != nil || h.Waiting != 0 || h.GaveUp != 1 {
		t.Errorf("fetching has been doing so: %+v, %v", h, err)
	}
}

func fetchesInOrder(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM", Ordered: true})
	acceptSome(t, s, "A", "A", "B")
	all := route(t, s, crm)
	now := time.Now()
	for _, want := range [][]ppm.Receipt{{all[0], all[2]}, {all[1]}} {
		if got := due(t, s, ppm.ClearmatchAPI, now); !slices.Equal(got, want) {
			t.Errorf("to be fetched are %v, want %v", got, want)
		}
		attempt(t, s, ppm.ClearmatchAPI, now, wantedNow(crm))
		now = now.Add(time.Second)
	}
	if got := due(t, s, crm, now); !slices.Equal(got, []ppm.Receipt{all[0], all[2]}) {
		t.Errorf("due are %v, want the first of each application", got)
	}
}

func fetchedWrongly(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	clients, receipts := needing(t, s, "CRM")
	now := time.Now()
	claimed, _ := claim(t, s, ppm.ClearmatchAPI, now, 1)
	for _, outcome := range []ppm.Outcome{0, ppm.Undecidable + 1, -1} {
		r := ppm.Response{Data: []byte(`{}`), Decisions: []ppm.Decision{{Client: clients[0], Outcome: outcome}}}
		if err := s.Record(t.Context(), tried(claimed[0], now, r, nil)); err == nil {
			t.Errorf("outcome %d was kept", outcome)
		}
		if d := states(t, s, receipts[0])[clients[0]]; d.State != ppm.NeedsData || len(find(t, s, receipts[0]).Fetches) != 0 {
			t.Fatalf("with outcome %d, it has become %+v", outcome, d)
		}
	}
	// With the data there nothing is undecided any more: it would wait for ever.
	r := ppm.Response{Data: []byte(`{}`), Decisions: []ppm.Decision{{Client: clients[0], Outcome: ppm.Undecided, Reason: "rule 7"}}}
	record(t, s, tried(claimed[0], now, r, nil))
	if d := states(t, s, receipts[0])[clients[0]]; d.State != ppm.GaveUp || d.Reason != "rule 7" {
		t.Errorf("undecided, it has become %+v", d)
	}
}
