package dbtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var idleTests = tests{
	"WhatArrivesWhileIdleIsComplete": idleIsComplete,
	"HintsFollowWhatHasChanged":      hints,
}

func idleIsComplete(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	acceptSome(t, s, "A", "B")
	if c := counts(t, s); c.Notifications.Complete != 2 || len(unrouted(t, s)) != 0 {
		t.Errorf("before anybody wants anything, counted %+v and to be routed are %v", c, unrouted(t, s))
	}
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	if err := s.Idle(t.Context(), true); !errors.Is(err, db.ErrOvertaken) {
		t.Errorf("idle with a client: %v, want ErrOvertaken", err)
	}
	acceptSome(t, s, "C")
	if c := counts(t, s); c.Notifications.Complete != 2 || c.Notifications.Queued != 1 {
		t.Errorf("with a client, counted %+v", c)
	}
	wanted(t, s, crm)
	if err := s.RemoveClient(t.Context(), crm, "anna"); err != nil {
		t.Fatal(err)
	}
	acceptSome(t, s, "D")
	next := unrouted(t, s)
	for range 2 {
		if err := s.Idle(t.Context(), true); err != nil {
			t.Fatal("idle without clients:", err)
		}
	}
	if err := s.Route(t.Context(), routes(next...)); len(next) != 1 || !errors.Is(err, db.ErrOvertaken) {
		t.Errorf("routing %v while idle: %v, want ErrOvertaken", next, err)
	}
	acceptSome(t, s, "E")
	if c := counts(t, s); c.Notifications.Complete != 4 || c.Notifications.Queued != 1 || len(unrouted(t, s)) != 0 {
		t.Errorf("idle again, counted %+v; want what was on its way still queued", c)
	}
	for range 2 {
		if err := s.Idle(t.Context(), false); err != nil {
			t.Fatal("not idle:", err)
		}
	}
	acceptSome(t, s, "F")
	if got := unrouted(t, s); len(got) != 1 || find(t, s, got[0]).Application != "F" {
		t.Errorf("to be routed are %v, want what came last", got)
	}
	if c := counts(t, s); c.Notifications.Complete != 4 || c.Notifications.Queued != 2 {
		t.Errorf("not idle any more, counted %+v", c)
	}
}

// hints has everything done that somebody may watch for, and looks who is told.
func hints(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	topics := map[string]db.Topic{"arrivals": db.Arrivals, "deliveries": db.Deliveries, "settings": db.Settings}
	watched := map[string]<-chan struct{}{}
	for name, topic := range topics {
		hints, stop := s.Watch(topic)
		defer stop()
		watched[name] = hints
	}
	ended, stop := s.Watch(db.Arrivals)
	stop()

	var crm int64
	var claimed []ppm.Delivery
	now := time.Now()
	later := func(d time.Duration) time.Time { now = now.Add(d); return now }
	for _, step := range []struct {
		what string
		do   func()
		want []string
	}{
		{"a notification", func() { acceptSome(t, s, "A") }, []string{"arrivals"}},
		{"a redelivery", func() { a := Arrival(0); a.Application = "A"; accept(t, s, a) }, nil},
		{"a client", func() { crm = keepClient(t, s, ppm.Client{Name: "CRM"}) }, []string{"settings", "deliveries"}},
		{"two notifications", func() { acceptSome(t, s, "A", "B") }, []string{"arrivals"}},
		{"routing", func() { wanted(t, s, crm) }, []string{"deliveries"}},
		{"claiming", func() { claimed, _ = claim(t, s, crm, later(time.Hour), 2) }, nil},
		{"delivering", func() { record(t, s, tried(claimed[0], now, ppm.Response{}, nil)) }, nil},
		{"failing", func() { record(t, s, tried(claimed[1], now, ppm.Response{}, errNotNow)) }, []string{"deliveries"}},
		{"giving up", func() { attempt(t, s, crm, later(time.Hour), fails(errGone)) }, nil},
		{"retrying", func() { resend(t, s, false, claimed[1].DeliveryName) }, []string{"deliveries"}},
		{"holding", func() { hold(t, s, crm, true) }, []string{"settings", "deliveries"}},
		{"a subscription", func() { subscribe(t, s, ppm.Subscription{Client: crm}) }, []string{"settings", "deliveries"}},
	} {
		step.do()
		// Whoever writes next comes after the hints.
		if err := s.Audit(t.Context(), ppm.Action{At: now, What: "looked"}); err != nil {
			t.Fatal(err)
		}
		for name, hints := range watched {
			told := false
			select {
			case <-hints:
				told = true
			default:
			}
			if told != slices.Contains(step.want, name) {
				t.Errorf("after %s, who watches %s was told: %v", step.what, name, told)
			}
		}
	}
	select {
	case <-ended:
		t.Error("who does not watch any more was told")
	default:
	}
}
