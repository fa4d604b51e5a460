package dbtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var expireTests = tests{
	"WhatIsOverIsForgotten":                expireForgetsWhatIsOver,
	"DeadLettersHaveATimeOfTheirOwn":       expireDeadLetters,
	"ARetriedDeadLetterExpiresAsComplete":  expireRetried,
	"WhatWasKeptForEverExpiresOnceItIsNot": expireAfterForEver,
	"AWrongClockDoesNotHoldUpExpiry":       expireFromTheFuture,
	"OldRejectionsExpire":                  expireRejections,
}

const day = 24 * time.Hour

// expireAll returns how many notifications expired.
func expireAll(t *testing.T, s db.Store, now time.Time, r ppm.Retention) (all ppm.Erased) {
	t.Helper()
	for range 1000 {
		e, more, err := s.Expire(t.Context(), now, r)
		if err != nil {
			t.Fatal("expire:", err)
		}
		all.Notifications, all.Rejections = all.Notifications+e.Notifications, all.Rejections+e.Rejections
		if !more {
			return all
		}
	}
	t.Fatal("expiry comes to no end")
	return all
}

// aged returns a store with three notifications that came 100 days ago: one
// that is complete since then, a dead letter of now, and one that is delivered now.
func aged(t *testing.T, e Engine) (s db.Store, crm int64, complete, dead, delivered ppm.Receipt) {
	t.Helper()
	s = e.open(t, t.TempDir())
	old := func(i int) ppm.Receipt {
		a := Arrival(i)
		a.At = time.Now().Add(-100 * day)
		return accept(t, s, a).Receipt
	}
	complete = old(1)
	crm = keepClient(t, s, ppm.Client{Name: "CRM"})
	dead, delivered = old(2), old(3)
	wanted(t, s, crm)
	attempt(t, s, crm, time.Now(), func(d ppm.Delivery) (ppm.Response, error) {
		if d.Receipt == dead {
			return ppm.Response{}, ppm.PermanentError{Err: errors.New("gone")}
		}
		return ppm.Response{Status: 200}, nil
	})
	return s, crm, complete, dead, delivered
}

func goneAre(t *testing.T, s db.Store, when string, want map[ppm.Receipt]bool) {
	t.Helper()
	for r, gone := range want {
		if got := find(t, s, r).Erased; got != gone {
			t.Errorf("%s, %s has expired: %v, want %v", when, r, got, gone)
		}
	}
}

func expireForgetsWhatIsOver(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	const day = 24 * time.Hour
	began := time.Now().Add(-100 * day)
	at := func(days int) time.Time { return began.Add(time.Duration(days) * day) }
	var receipts []ppm.Receipt
	for i := range 200 { // more than one step
		a := Arrival(i)
		a.At = at(0)
		receipts = append(receipts, accept(t, s, a).Receipt)
	}
	delivered, dead, waiting := receipts[0], receipts[1], receipts[2]
	next, err := s.Unrouted(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var routes []ppm.Route
	for i, n := range next {
		route := ppm.Route{Receipt: n.Receipt}
		if i < 3 {
			route.Decisions = []ppm.Decision{{Client: crm, Outcome: ppm.Wanted, Reason: "rule 1"}}
		}
		routes = append(routes, route)
	}
	if err := s.Route(t.Context(), routes); err != nil {
		t.Fatal(err)
	}
	attempt(t, s, crm, time.Now(), func(d ppm.Delivery) (ppm.Response, error) {
		switch d.Receipt {
		case dead:
			return ppm.Response{}, ppm.PermanentError{Err: errors.New("gone")}
		case waiting:
			return ppm.Response{}, errors.New("not now")
		}
		return ppm.Response{}, nil
	})
	expire := func(now time.Time) (n int64) {
		for more := true; more; {
			var one ppm.Erased
			var err error
			if one, more, err = s.Expire(t.Context(), now, ppm.Retention{Bodies: 30 * day, DeadLetters: 90 * day}); err != nil {
				t.Fatal(err)
			}
			n += one.Notifications
		}
		return n
	}
	gone := func(r ppm.Receipt) bool { return find(t, s, r).Erased }
	if n := expire(at(29)); n != 0 {
		t.Errorf("after 29 days %d have expired", n)
	}
	// Those that nobody wanted are complete since they came; one was delivered today.
	if n := expire(time.Now()); n != 197 || gone(delivered) || gone(dead) || gone(waiting) || !gone(receipts[199]) {
		t.Errorf("today %d have expired", n)
	}
	if n := expire(time.Now().Add(31 * day)); n != 1 || !gone(delivered) || gone(dead) {
		t.Errorf("in 31 days %d more have expired", n)
	}
	if n := expire(time.Now().Add(91 * day)); n != 1 || !gone(dead) || gone(waiting) {
		t.Errorf("in 91 days %d more have expired", n)
	}
	if found, _, err := s.Search(t.Context(), "Straße", ppm.Page{Limit: 500}); err != nil || len(found) != 1 {
		t.Errorf("the text of %d can still be found, %v", len(found), err)
	}
	if n, err := s.Resend(t.Context(), []ppm.DeliveryName{{Receipt: dead, Client: crm}}, false); err != nil || n[0].Refused == "" {
		t.Errorf("what has expired is sent again: %+v, %v", n, err)
	}
	counts(t, s)
}

func expireDeadLetters(t *testing.T, e Engine) {
	now := time.Now()
	t.Run("sooner", func(t *testing.T) {
		s, _, complete, dead, delivered := aged(t, e)
		r := ppm.Retention{Bodies: 150 * day, DeadLetters: 10 * day}
		expireAll(t, s, now, r)
		goneAre(t, s, "today", map[ppm.Receipt]bool{complete: false, dead: false, delivered: false})
		expireAll(t, s, now.Add(11*day), r)
		goneAre(t, s, "in 11 days", map[ppm.Receipt]bool{complete: false, dead: true, delivered: false})
		expireAll(t, s, now.Add(51*day), r)
		goneAre(t, s, "in 51 days", map[ppm.Receipt]bool{complete: true, delivered: false})
		expireAll(t, s, now.Add(151*day), r)
		goneAre(t, s, "in 151 days", map[ppm.Receipt]bool{delivered: true})
	})
	t.Run("for ever", func(t *testing.T) {
		s, _, complete, dead, delivered := aged(t, e)
		r := ppm.Retention{Bodies: 30 * day}
		expireAll(t, s, now, r)
		expireAll(t, s, now.Add(1000*day), r)
		goneAre(t, s, "in 1000 days", map[ppm.Receipt]bool{complete: true, dead: false, delivered: true})
	})
	t.Run("alone", func(t *testing.T) {
		s, _, complete, dead, delivered := aged(t, e)
		r := ppm.Retention{DeadLetters: 30 * day}
		expireAll(t, s, now, r)
		expireAll(t, s, now.Add(31*day), r)
		goneAre(t, s, "in 31 days", map[ppm.Receipt]bool{complete: false, dead: true, delivered: false})
	})
	t.Run("nothing", func(t *testing.T) {
		s, _, complete, dead, delivered := aged(t, e)
		if got := expireAll(t, s, now.Add(10000*day), ppm.Retention{}); got != (ppm.Erased{}) {
			t.Errorf("expired %+v", got)
		}
		goneAre(t, s, "in 10000 days", map[ppm.Receipt]bool{complete: false, dead: false, delivered: false})
	})
}

func expireRetried(t *testing.T, e Engine) {
	s, crm, _, dead, _ := aged(t, e)
	now := time.Now()
	r := ppm.Retention{Bodies: 30 * day, DeadLetters: 90 * day}
	expireAll(t, s, now, r)
	if got, err := s.Resend(t.Context(), []ppm.DeliveryName{{Receipt: dead, Client: crm}}, false); err != nil || got[0].Refused != "" {
		t.Fatal("resend:", got, err)
	}
	expireAll(t, s, now.Add(200*day), r)
	goneAre(t, s, "while it waits", map[ppm.Receipt]bool{dead: false})
	attempt(t, s, crm, time.Now(), func(ppm.Delivery) (ppm.Response, error) { return ppm.Response{Status: 200}, nil })
	expireAll(t, s, now.Add(202*day), r)
	goneAre(t, s, "when it is delivered, and its time is over", map[ppm.Receipt]bool{dead: true})
}

func expireAfterForEver(t *testing.T, e Engine) {
	s, _, complete, dead, delivered := aged(t, e)
	now := time.Now()
	expireAll(t, s, now.Add(90*day), ppm.Retention{DeadLetters: 30 * day})
	goneAre(t, s, "kept for ever", map[ppm.Receipt]bool{complete: false, dead: true, delivered: false})
	if got := expireAll(t, s, now.Add(91*day), ppm.Retention{Bodies: 30 * day, DeadLetters: 30 * day}); got.Notifications != 2 {
		t.Errorf("expired %+v, want 2", got)
	}
	goneAre(t, s, "not any more", map[ppm.Receipt]bool{complete: true, dead: true, delivered: true})
}

func expireFromTheFuture(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	now := time.Now()
	var receipts []ppm.Receipt
	for i, came := range []time.Duration{-100 * day, 365 * day, -100 * day, -day, -100 * day} {
		a := Arrival(i)
		a.At = now.Add(came)
		receipts = append(receipts, accept(t, s, a).Receipt)
	}
	r := ppm.Retention{Bodies: 30 * day, DeadLetters: 90 * day}
	expireAll(t, s, now, r)
	goneAre(t, s, "now", map[ppm.Receipt]bool{receipts[0]: true, receipts[1]: false, receipts[2]: true, receipts[3]: false})
	expireAll(t, s, now.Add(400*day), r)
	for _, r := range receipts {
		goneAre(t, s, "in 400 days", map[ppm.Receipt]bool{r: true})
	}
}

func expireRejections(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	now := time.Now()
	for i := range 40 {
		at := now
		if i < 35 {
			at = now.Add(-31 * day)
		}
		if err := s.Reject(t.Context(), ppm.Rejection{At: at, Status: 400, Reason: fmt.Sprint(i), Body: []byte("{")}); err != nil {
			t.Fatal(err)
		}
	}
	if got := expireAll(t, s, now, ppm.Retention{Bodies: 30 * day}); got.Rejections != 35 {
		t.Errorf("expired %+v, want 35 rejections", got)
	}
	if c := counts(t, s); c.Rejected != 5 {
		t.Errorf("%d rejections are left, want 5", c.Rejected)
	}
}
