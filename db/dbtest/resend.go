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

var resendTests = tests{
	"ADeadLetterBeginsFromItsBeginning":      resendsDead,
	"WhatCanBeSentAgainAndWhatCannot":        resendsFrom,
	"WhatIsGoneIsNotSentAgain":               resendsGone,
	"ManyAreSentAgainInTheOrderOfTheirNames": resendsMany,
}

// resend sends deliveries again, and returns why it was not done, "" where it was.
func resend(t tester, s db.Store, confirmed bool, names ...ppm.DeliveryName) (refused []string) {
	t.Helper()
	answers, err := s.Resend(t.Context(), names, confirmed)
	if err != nil || len(answers) != len(names) {
		t.Fatalf("resend: %+v, %v", answers, err)
	}
	for i, a := range answers {
		if a.DeliveryName != names[i] || a.Application == "" {
			t.Errorf("of %+v the answer is %+v", names[i], a)
		}
		refused = append(refused, a.Refused)
	}
	return refused
}

func resendsDead(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	acceptSome(t, s, "A")
	r := wanted(t, s, crm)[0]
	now := time.Now()
	attempt(t, s, crm, now.Add(-day), fails(errNotNow))
	attempt(t, s, crm, now, fails(errGone))
	dead := find(t, s, r).Deliveries[0]
	answers, err := s.Resend(t.Context(), []ppm.DeliveryName{dead.DeliveryName}, false)
	want := ppm.Resending{DeliveryName: dead.DeliveryName, Application: "A", Name: "CRM", From: ppm.GaveUp}
	if err != nil || len(answers) != 1 || answers[0] != want {
		t.Fatalf("answered %+v, %v; want %+v", answers, err, want)
	}
	is := find(t, s, r).Deliveries[0]
	if is.State != ppm.Waiting || is.Failed != 0 || !is.FirstAttempt.IsZero() || is.Error != "" || is.Reason != "rule 1" || is.Rule != 1 ||
		is.Attempts != 2 || len(is.Made) != 2 || is.Key != dead.Key || is.Changed.Before(now.Add(-time.Second)) {
		t.Errorf("it has become %+v, from %+v", is, dead)
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Waiting: 1}) || c.Notifications.Queued != 1 {
		t.Errorf("counted %+v", c)
	}
	if left, err := s.DeadLetters(t.Context(), -1, ppm.DeliveryName{}, 9); err != nil || len(left) != 0 {
		t.Errorf("dead letters are %+v, %v", left, err)
	}
	// As many attempts as at first: its time is not over because the first was long ago.
	now = time.Now()
	attempt(t, s, crm, now, fails(errNotNow))
	if d := states(t, s, r)[crm]; d.State != ppm.Waiting || d.Failed != 1 || d.Attempts != 3 || !d.FirstAttempt.Equal(micros(now)) {
		t.Errorf("after one more failure it is %+v", d)
	}
	attempt(t, s, crm, now.Add(time.Hour), works)
	if made := find(t, s, r).Deliveries[0].Made; len(made) != 4 || counts(t, s).Deliveries != (ppm.DeliveryCounts{Delivered: 1}) {
		t.Errorf("made were %+v", made)
	}
}

// resendsFrom tries each state that a delivery can have, with and without
// confirmed.
func resendsFrom(t *testing.T, e Engine) {
	const confirmedIt = "the client has confirmed it"
	const onItsWay = "it is on its way already"
	for name, tt := range map[string]struct {
		outcome   ppm.Outcome // 0: nothing was decided
		then      func(*testing.T, db.Store, int64)
		from      ppm.State
		refused   string
		confirmed string // refused with confirmed
	}{
		"waiting":     {ppm.Wanted, nil, ppm.Waiting, onItsWay, onItsWay},
		"failed once": {ppm.Wanted, func(t *testing.T, s db.Store, c int64) { attempt(t, s, c, time.Now(), fails(errNotNow)) }, ppm.Waiting, onItsWay, onItsWay},
		"under way":   {ppm.Wanted, func(t *testing.T, s db.Store, c int64) { claim(t, s, c, time.Now(), 1) }, ppm.Waiting, onItsWay, onItsWay},
		"held":        {ppm.Wanted, func(t *testing.T, s db.Store, c int64) { hold(t, s, c, true) }, ppm.Waiting, onItsWay, onItsWay},
		"needs data":  {ppm.Undecided, nil, ppm.NeedsData, onItsWay, onItsWay},
		"delivered":   {ppm.Wanted, func(t *testing.T, s db.Store, c int64) { attempt(t, s, c, time.Now(), works) }, ppm.Delivered, confirmedIt, ""},
		"gave up":     {ppm.Wanted, func(t *testing.T, s db.Store, c int64) { attempt(t, s, c, time.Now(), fails(errGone)) }, ppm.GaveUp, "", ""},
		"undecidable": {ppm.Undecidable, nil, ppm.GaveUp, "", ""},
		"not wanted":  {ppm.Unwanted, nil, ppm.NotWanted, "", ""},
		"not there":   {0, nil, "", "", ""},
	} {
		for confirmed, refused := range map[bool]string{false: tt.refused, true: tt.confirmed} {
			t.Run(name, func(t *testing.T) {
				s := e.open(t, t.TempDir())
				crm := keepClient(t, s, ppm.Client{Name: "CRM"})
				acceptSome(t, s, "A")
				route := ppm.Route{Fetch: tt.outcome == ppm.Undecided}
				if tt.outcome != 0 {
					route.Decisions = []ppm.Decision{{Client: crm, Outcome: tt.outcome, Reason: "rule 1"}}
				}
				r := decide(t, s, route)[0]
				if tt.then != nil {
					tt.then(t, s, crm)
				}
				before := find(t, s, r)
				answers, err := s.Resend(t.Context(), []ppm.DeliveryName{{Receipt: r, Client: crm}}, confirmed)
				if err != nil || len(answers) != 1 || answers[0].Refused != refused || answers[0].From != tt.from {
					t.Fatalf("answered %+v, %v; want refused %q, from %q", answers, err, refused, tt.from)
				}
				if refused != "" {
					if after := find(t, s, r); !reflect.DeepEqual(after, before) {
						t.Errorf("refused, it has become %+v from %+v", after, before)
					}
					return
				}
				if got := find(t, s, r); got.Status != ppm.Queued || counts(t, s).Deliveries != (ppm.DeliveryCounts{Waiting: 1}) {
					t.Errorf("sent again, it is %+v, counted %+v", got, counts(t, s))
				}
				reason := "rule 1"
				if tt.from == "" || tt.from == ppm.NotWanted {
					reason = "asked for by a person"
				}
				if d := states(t, s, r)[crm]; d.Reason != reason {
					t.Errorf("its reason is %q, want %q", d.Reason, reason)
				}
				if n := attempt(t, s, crm, time.Now(), works); n != 1 || find(t, s, r).Status != ppm.Complete {
					t.Errorf("%d were due at once, and then it is %s", n, find(t, s, r).Status)
				}
			})
		}
	}
}

func resendsGone(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm, gone := keepClient(t, s, ppm.Client{Name: "CRM"}), keepClient(t, s, ppm.Client{Name: "Billing"})
	acceptSome(t, s, "A", "B")
	all := decide(t, s, ppm.Route{Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Undecidable}, {Client: gone, Outcome: ppm.Undecidable}}})
	if err := s.RemoveClient(t.Context(), gone, "anna"); err != nil {
		t.Fatal(err)
	}
	erase(t, s, "B")
	acceptSome(t, s, "C")
	name := func(r ppm.Receipt, client int64) ppm.DeliveryName {
		return ppm.DeliveryName{Receipt: r, Client: client}
	}
	for _, confirmed := range []bool{false, true} {
		for why, refused := range map[string]string{
			"the client has been removed":                 resend(t, s, confirmed, name(all[0], gone))[0],
			"its content has been erased or has expired":  resend(t, s, confirmed, name(all[1], crm))[0],
			"the notification has not been looked at yet": resend(t, s, confirmed, name(unrouted(t, s)[0], crm))[0],
		} {
			if refused != why {
				t.Errorf("refused because %q, want %q", refused, why)
			}
		}
	}
	for what, unknown := range map[string]ppm.DeliveryName{
		"another identity": name(ppm.NewReceipt(1, ppm.Identity{}), crm),
		"a notification":   name(ppm.NewReceipt(99, ppm.Identity{}), crm),
		"a client":         name(all[0], 99),
	} {
		if answers, err := s.Resend(t.Context(), []ppm.DeliveryName{unknown}, true); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("of %s that is unknown: %+v, %v; want ErrNotFound", what, answers, err)
		}
	}
	if _, err := s.Resend(t.Context(), []ppm.DeliveryName{name("1", crm)}, true); !errors.Is(err, ppm.ErrBadReceipt) {
		t.Errorf("of what is no receipt: %v", err)
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{GaveUp: 4}) || c.Notifications.Failed != 2 {
		t.Errorf("counted %+v", c)
	}
}

func resendsMany(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm, billing := keepClient(t, s, ppm.Client{Name: "CRM"}), keepClient(t, s, ppm.Client{Name: "Billing"})
	acceptSome(t, s, strings.Split(strings.Repeat("A ", 99)+"A", " ")...)
	all := decide(t, s, ppm.Route{Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Undecidable}, {Client: billing, Outcome: ppm.Wanted}}})
	var names []ppm.DeliveryName
	var want []string
	for _, r := range all {
		names = append(names, ppm.DeliveryName{Receipt: r, Client: crm}, ppm.DeliveryName{Receipt: r, Client: billing})
		want = append(want, "", "it is on its way already")
	}
	names, want = append(names, names[0]), append(want, "it is on its way already") // once is enough
	if got := resend(t, s, false, names...); !slices.Equal(got, want) {
		t.Errorf("refused were %q, want %q", got, want)
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Waiting: 200}) || c.Notifications.Queued != 100 {
		t.Errorf("counted %+v", c)
	}
	if got := due(t, s, crm, time.Now()); !slices.Equal(got, all) {
		t.Errorf("%d are due at once, want all", len(got))
	}
	if got := resend(t, s, false); got != nil {
		t.Errorf("of none, %q", got)
	}
}
