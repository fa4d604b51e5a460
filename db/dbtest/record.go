package dbtest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var recordTests = tests{
	"AnAttemptIsKeptWithWhatCameOfIt":             attemptsAreKept,
	"WhatGaveUpIsADeadLetter":                     givesUp,
	"OurOwnStopIsNoFailure":                       interrupted,
	"WhoLostTheLeaseChangesNothing":               overtaken,
	"ANotificationIsAsFarAsItsDeliveries":         statusFollows,
	"NoAttemptEndsWithAStateThatNobodyGoesOnFrom": recordedStates,
}

func attemptsAreKept(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A")
	r := wanted(t, s, crm)[0]
	first := time.Now()
	now := first
	var made []ppm.AttemptSummary
	for i, err := range []error{errNotNow, errors.New("refused, grün"), nil} {
		claimed, _ := claim(t, s, crm, now, 1)
		a := tried(claimed[0], now, ppm.Response{Status: 500 + i, Excerpt: []byte{'x', 0xff, byte(i)}}, err)
		record(t, s, a)
		one := ppm.AttemptSummary{Began: now.UTC().Truncate(time.Microsecond), Took: a.Took, Status: a.Response.Status, Excerpt: a.Response.Excerpt}
		if err != nil {
			one.Error = err.Error()
		}
		made = append(made, one)

		want := a.After
		want.FirstAttempt, want.NextAttempt = micros(first), micros(want.NextAttempt)
		if want.Changed = micros(want.Changed); err != nil {
			want.Changed = claimed[0].Changed // still waiting
		}
		if got := states(t, s, r)[crm]; got != want || got.Attempts != i+1 || got.Failed != min(i+1, 2) {
			t.Errorf("after %v it is %+v, want %+v", err, got, want)
		}
		now = now.Add(time.Hour)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = e.open(t, dir)
	d := find(t, s, r)
	if len(d.Deliveries) != 1 || !reflect.DeepEqual(d.Deliveries[0].Made, made) || d.Status != ppm.Complete {
		t.Errorf("shown is %+v, want the attempts %+v", d, made)
	}
	if c := client(t, s, crm); c.Waiting != 0 || c.Delivered != 1 || c.Failing != 0 || c.FailingSince != nil ||
		c.LastDelivered == nil || !c.LastDelivered.Equal(micros(first.Add(2*time.Hour+time.Millisecond))) {
		t.Errorf("the client has been doing so: %+v", c.ClientHealth)
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Delivered: 1}) || c.Notifications.Complete != 1 {
		t.Errorf("counted %+v", c)
	}
}

// micros is t as a store keeps it.
func micros(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}

func givesUp(t *testing.T, e Engine) {
	for name, tt := range map[string]struct {
		err    error
		failed int // before
		after  time.Duration
	}{
		"gone":            {ppm.PermanentError{Err: errors.New("410 Gone")}, 0, 0},
		"gone in the end": {ppm.PermanentError{Err: errors.New("410 Gone")}, 3, time.Hour},
		"its time over":   {errors.New("503"), 11, 73 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s := e.open(t, t.TempDir())
			crm := keepClient(t, s, ppm.Client{Name: "CRM"})
			acceptSome(t, s, "A")
			r := wanted(t, s, crm)[0]
			now := time.Now()
			for range tt.failed {
				attempt(t, s, crm, now, fails(errNotNow))
				now = states(t, s, r)[crm].NextAttempt
			}
			now = now.Add(tt.after)
			attempt(t, s, crm, now, fails(tt.err))
			d := states(t, s, r)[crm]
			if d.State != ppm.GaveUp || d.Error != tt.err.Error() || d.Attempts != tt.failed+1 || !d.NextAttempt.IsZero() || d.Claim != 0 ||
				!d.Changed.Equal(micros(now.Add(time.Millisecond))) || d.Reason != "rule 1" {
				t.Errorf("it is %+v", d)
			}
			if dead, err := s.DeadLetters(t.Context(), -1, ppm.DeliveryName{}, 9); err != nil || !slices.Equal(dead, []ppm.Delivery{d}) {
				t.Errorf("dead letters are %+v, %v; want it", dead, err)
			}
			if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{GaveUp: 1}) || c.Notifications.Failed != 1 {
				t.Errorf("counted %+v", c)
			}
			if find(t, s, r).Status != ppm.Failed {
				t.Errorf("it is %s", find(t, s, r).Status)
			}
			nothingDue(t, s, crm, now.Add(100*day), time.Time{})
		})
	}
}

func interrupted(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A")
	r := wanted(t, s, crm)[0]
	now := time.Now()
	attempt(t, s, crm, now, fails(errNotNow))
	now = now.Add(time.Minute)
	before, health := find(t, s, r), client(t, s, crm).ClientHealth
	if n := attempt(t, s, crm, now, fails(ppm.ErrInterrupted)); n != 1 {
		t.Fatalf("%d were due", n)
	}
	after := find(t, s, r)
	if at := after.Deliveries[0].NextAttempt; !at.Equal(micros(now.Add(time.Millisecond))) {
		t.Errorf("it is due at %s, want at once", at)
	}
	after.Deliveries[0].NextAttempt = before.Deliveries[0].NextAttempt
	if !reflect.DeepEqual(after, before) {
		t.Errorf("it has become %+v from %+v", after, before)
	}
	if got := client(t, s, crm).ClientHealth; !reflect.DeepEqual(got, health) {
		t.Errorf("it counts against the client: %+v, before %+v", got, health)
	}
	if n := attempt(t, s, crm, now.Add(time.Millisecond), works); n != 1 {
		t.Errorf("%d were due at once, want 1", n)
	}
}

func overtaken(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A", "B")
	r := route(t, s, crm)[0]
	attempt(t, s, ppm.ClearmatchAPI, time.Now(), wantedNow(crm))
	now := time.Now().Add(time.Second)
	lapsed, _ := claim(t, s, crm, now, 2)
	now = now.Add(time.Hour)
	held, _ := claim(t, s, crm, now, 2)
	record(t, s, tried(held[1], now, ppm.Response{}, ppm.ErrInterrupted))
	none := states(t, s, held[1].Receipt)[crm]
	other := held[0]
	other.Client = 99
	before, counted := find(t, s, r), counts(t, s)
	for name, d := range map[string]ppm.Delivery{"a lease that is over": lapsed[0], "no lease": none, "a lease given back": held[1], "a lease of another": other} {
		for _, err := range []error{nil, errNotNow, errGone, ppm.ErrInterrupted} {
			a := tried(d, now, ppm.Response{Status: 200, Excerpt: []byte("thanks")}, err)
			if got := s.Record(t.Context(), a); !errors.Is(got, db.ErrOvertaken) {
				t.Errorf("recording %v under %s: %v, want ErrOvertaken", err, name, got)
			}
		}
	}
	if after := find(t, s, r); !reflect.DeepEqual(after, before) || counts(t, s) != counted {
		t.Errorf("it has changed to %+v from %+v", after, before)
	}
	record(t, s, tried(held[0], now, ppm.Response{}, nil))
	if err := s.Record(t.Context(), tried(held[0], now, ppm.Response{}, errGone)); !errors.Is(err, db.ErrOvertaken) {
		t.Errorf("recording it once more: %v, want ErrOvertaken", err)
	}
	if d := states(t, s, r)[crm]; d.State != ppm.Delivered || d.Attempts != 1 || d.Claim != 0 {
		t.Errorf("it is %+v, want it delivered by one attempt", d)
	}
}

func statusFollows(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm, billing := keepClient(t, s, ppm.Client{Name: "CRM"}), keepClient(t, s, ppm.Client{Name: "Billing"})
	acceptSome(t, s, "A")
	r := decide(t, s, ppm.Route{Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Wanted}, {Client: billing, Outcome: ppm.Wanted}}})[0]
	now := time.Now()
	for _, step := range []struct {
		what string
		do   func()
		want ppm.Status
	}{
		{"one is delivered", func() { attempt(t, s, crm, now, works) }, ppm.Queued},
		{"one fails", func() { attempt(t, s, billing, now, fails(errNotNow)) }, ppm.Queued},
		{"one gives up", func() { attempt(t, s, billing, now.Add(time.Minute), fails(errGone)) }, ppm.Failed},
		{"the other is sent again", func() { resend(t, s, true, ppm.DeliveryName{Receipt: r, Client: crm}) }, ppm.Queued},
		{"that is delivered", func() { attempt(t, s, crm, time.Now(), works) }, ppm.Failed},
		{"what gave up is sent again", func() { resend(t, s, false, ppm.DeliveryName{Receipt: r, Client: billing}) }, ppm.Queued},
		{"that is delivered too", func() { attempt(t, s, billing, time.Now(), works) }, ppm.Complete},
	} {
		step.do()
		c := counts(t, s).Notifications
		counted := map[ppm.Status]int64{ppm.Queued: c.Queued, ppm.Failed: c.Failed, ppm.Complete: c.Complete}
		if got := find(t, s, r).Status; got != step.want || counted[step.want] != 1 {
			t.Errorf("when %s, it is %s, want %s; counted %+v", step.what, got, step.want, c)
		}
	}
}

func recordedStates(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A")
	wanted(t, s, crm)
	now := time.Now()
	claimed, _ := claim(t, s, crm, now, 1)
	for _, state := range []ppm.State{ppm.NeedsData, ppm.NotWanted, ""} {
		a := tried(claimed[0], now, ppm.Response{}, nil)
		a.After.State = state
		if err := s.Record(t.Context(), a); err == nil {
			t.Errorf("an attempt ended with %q", state)
		}
	}
	record(t, s, tried(claimed[0], now, ppm.Response{}, nil))
}
