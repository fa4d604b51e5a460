package dbtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var refetchTests = tests{
	"WhatGaveUpForWantOfDataHasThemFetched":    resendsForData,
	"WhatGoesWithDataHasThemFetched":           resendsWithData,
	"FetchingIsSentAgainAsWell":                resendsFetching,
	"WhoFetchesWhenThatBeginsAgainIsOvertaken": refetchedUnderWay,
}

// resendsForData sends again, of two that gave up with the fetching, one.
func resendsForData(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	clients, receipts := needing(t, s, "CRM", "Billing")
	attempt(t, s, ppm.ClearmatchAPI, time.Now(), fails(errGone))
	name := ppm.DeliveryName{Receipt: receipts[0], Client: clients[0]}
	if got := resend(t, s, false, name); got[0] != "" {
		t.Fatal("refused:", got)
	}
	is := states(t, s, receipts[0])
	if is[clients[0]].State != ppm.NeedsData || is[clients[0]].Error != "" || is[clients[1]].State != ppm.GaveUp || is[ppm.ClearmatchAPI].State != ppm.Waiting {
		t.Errorf("it has become %+v", is)
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Waiting: 1, GaveUp: 1}) || c.Notifications.Queued != 1 {
		t.Errorf("counted %+v", c)
	}
	nothingDue(t, s, clients[0], time.Now().Add(day), time.Time{})
	if n := attempt(t, s, ppm.ClearmatchAPI, time.Now(), wantedNow(clients...)); n != 1 {
		t.Fatalf("%d fetches were due at once, want 1", n)
	}
	for i, want := range []int{1, 0} {
		if n := attempt(t, s, clients[i], time.Now().Add(time.Minute), works); n != want {
			t.Errorf("to client %d, %d were due, want %d", i, n, want)
		}
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Delivered: 1, GaveUp: 1}) || c.Notifications.Failed != 1 {
		t.Errorf("in the end, counted %+v", c)
	}
}

// resendsWithData sends something to a client that gets the data with it, which
// are there, or are not.
func resendsWithData(t *testing.T, e Engine) {
	for name, tt := range map[string]struct {
		fetch func(*testing.T, db.Store)
		want  ppm.State
	}{
		"there":     {func(t *testing.T, s db.Store) { attempt(t, s, ppm.ClearmatchAPI, time.Now(), wantedNow()) }, ppm.Waiting},
		"gave up":   {func(t *testing.T, s db.Store) { attempt(t, s, ppm.ClearmatchAPI, time.Now(), fails(errGone)) }, ppm.NeedsData},
		"under way": {func(t *testing.T, s db.Store) { claim(t, s, ppm.ClearmatchAPI, time.Now(), 1) }, ppm.NeedsData},
		"to come":   {func(*testing.T, db.Store) {}, ppm.NeedsData},
	} {
		t.Run(name, func(t *testing.T) {
			s := e.open(t, t.TempDir())
			crm := keepClient(t, s, ppm.Client{Name: "CRM", Data: true})
			acceptSome(t, s, "A")
			r := decide(t, s, ppm.Route{Fetch: true, Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Unwanted, Reason: "no"}}})[0]
			tt.fetch(t, s)
			if got := resend(t, s, false, ppm.DeliveryName{Receipt: r, Client: crm}); got[0] != "" {
				t.Fatal("refused:", got)
			}
			if d := states(t, s, r)[crm]; d.State != tt.want {
				t.Errorf("it has become %+v, want it %s", d, tt.want)
			}
			if tt.want == ppm.NeedsData {
				if n := attempt(t, s, ppm.ClearmatchAPI, time.Now(), wantedNow(crm)); n != 1 {
					t.Errorf("%d fetches were due at once", n)
				}
			}
			if n := attempt(t, s, crm, time.Now().Add(time.Minute), works); n != 1 {
				t.Errorf("%d were due", n)
			}
			if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Delivered: 1}) || c.Notifications.Complete != 1 {
				t.Errorf("in the end, counted %+v", c)
			}
		})
	}
	t.Run("nobody fetches", func(t *testing.T) {
		s := e.open(t, t.TempDir())
		crm := keepClient(t, s, ppm.Client{Name: "CRM", Data: true})
		acceptSome(t, s, "A")
		r := decide(t, s, ppm.Route{})[0]
		resend(t, s, false, ppm.DeliveryName{Receipt: r, Client: crm})
		if n := attempt(t, s, crm, time.Now(), works); n != 1 {
			t.Errorf("%d were due, want 1 without data", n)
		}
	})
}

func resendsFetching(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	clients, receipts := needing(t, s, "CRM")
	name := ppm.DeliveryName{Receipt: receipts[0], Client: ppm.ClearmatchAPI}
	attempt(t, s, ppm.ClearmatchAPI, time.Now(), fails(errGone))
	for _, step := range []struct {
		confirmed bool
		refused   string
	}{
		{false, ""},
		{false, "it is on its way already"},
		{true, "it is on its way already"},
	} {
		if got := resend(t, s, step.confirmed, name); got[0] != step.refused {
			t.Errorf("refused %q, want %q", got, step.refused)
		}
	}
	if n := attempt(t, s, ppm.ClearmatchAPI, time.Now(), wantedNow(clients[0])); n != 1 {
		t.Errorf("%d fetches were due", n)
	}
	if got := resend(t, s, false, name); got[0] != "it has been fetched" {
		t.Errorf("refused %q", got)
	}
	if got := resend(t, s, true, name); got[0] != "" {
		t.Errorf("confirmed, refused %q", got)
	}
	if n := attempt(t, s, ppm.ClearmatchAPI, time.Now(), wantedNow()); n != 1 || len(find(t, s, receipts[0]).Fetches) != 2 {
		t.Errorf("%d fetches were due, and there are %d", n, len(find(t, s, receipts[0]).Fetches))
	}
	// What gave up for want of the data is a dead letter of its own.
	if d := states(t, s, receipts[0])[clients[0]]; d.State != ppm.GaveUp {
		t.Errorf("it is %+v", d)
	}
}

// refetchedUnderWay: who fetches just now would not decide for who waits from
// now on.
func refetchedUnderWay(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM", Data: true})
	acceptSome(t, s, "A")
	r := decide(t, s, ppm.Route{Fetch: true})[0]
	now := time.Now()
	claimed, _ := claim(t, s, ppm.ClearmatchAPI, now, 1)
	resend(t, s, false, ppm.DeliveryName{Receipt: r, Client: crm})
	data, _ := wantedNow()(ppm.Delivery{})
	if err := s.Record(t.Context(), tried(claimed[0], now, data, nil)); !errors.Is(err, db.ErrOvertaken) {
		t.Errorf("recording what was fetched: %v, want ErrOvertaken", err)
	}
	if got := due(t, s, ppm.ClearmatchAPI, time.Now()); !slices.Equal(got, []ppm.Receipt{r}) {
		t.Errorf("to be fetched are %v, want it once more", got)
	}
}
