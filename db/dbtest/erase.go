package dbtest

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var pastTests = map[string]func(*testing.T, Engine){
	"WhatIsErasedBeforeItIsRoutedGoesNowhere": erasedUnrouted,
	"AnAttemptAtWhatIsErasedIsOvertaken":      erasedUnderWay,
	"ErasingTwiceCountsOnce":                  erasedTwice,
	"ErasingBlanksTheAuditLog":                erasedActions,
	"ErasingNeedsTheExactNumber":              erasedExactly,
	"DeadLettersHaveATimeOfTheirOwn":          expireDeadLetters,
	"ARetriedDeadLetterExpiresAsComplete":     expireRetried,
	"WhatWasKeptForEverExpiresOnceItIsNot":    expireAfterForEver,
	"AWrongClockDoesNotHoldUpExpiry":          expireFromTheFuture,
	"OldRejectionsExpire":                     expireRejections,
	"ClientsCanBecomeOrderedAndUnordered":     reordered,
	"ABackupHoldsDeliveries":                  deliveriesInABackup,
}

const day = 24 * time.Hour

// wanted routes all that is not routed to the client, without fetching.
func wanted(t *testing.T, s db.Store, client int64) []ppm.Receipt {
	t.Helper()
	next, err := s.Unrouted(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var receipts []ppm.Receipt
	var routes []ppm.Route
	for _, n := range next {
		receipts = append(receipts, n.Receipt)
		routes = append(routes, ppm.Route{Receipt: n.Receipt, Decisions: []ppm.Decision{{Client: client, Outcome: ppm.Wanted, Reason: "rule 1", Rule: 1}}})
	}
	if err := s.Route(t.Context(), routes); err != nil {
		t.Fatal("route:", err)
	}
	return receipts
}

func erase(t *testing.T, s db.Store, application string) ppm.Erased {
	t.Helper()
	e, err := s.Erase(t.Context(), application, "anna")
	if err != nil {
		t.Fatal("erase:", err)
	}
	return e
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

func erasedUnderWay(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	receipt := accept(t, s, Arrival(1)).Receipt
	wanted(t, s, crm)
	now := time.Now()
	claimed, _, err := s.Claim(t.Context(), crm, now, now.Add(time.Minute), time.Hour, 1)
	if err != nil || len(claimed) != 1 {
		t.Fatal("claim:", claimed, err)
	}
	if got := erase(t, s, Arrival(1).Application); got.Stopped != 1 {
		t.Errorf("erased %+v, want 1 stopped", got)
	}
	if _, err := s.Load(t.Context(), claimed[0]); !errors.Is(err, db.ErrOvertaken) {
		t.Errorf("loading what is erased: %v, want ErrOvertaken", err)
	}
	a := ppm.Attempt{Before: claimed[0], After: claimed[0].Attempted(now, now, nil, ppm.DefaultBackoff, 0), Began: now,
		Response: ppm.Response{Status: 200, Excerpt: []byte(secret)}}
	if err := s.Record(t.Context(), a); !errors.Is(err, db.ErrOvertaken) {
		t.Errorf("recording an attempt at what is erased: %v, want ErrOvertaken", err)
	}
	if d := find(t, s, receipt); d.Status != ppm.Failed || len(d.Deliveries) != 1 || d.Deliveries[0].State != ppm.GaveUp || len(d.Deliveries[0].Made) != 0 {
		t.Errorf("it is %+v", d)
	}
	if c := client(t, s, crm); c.Waiting != 0 || c.GaveUp != 1 {
		t.Errorf("the client has %d waiting, %d given up on; want 0, 1", c.Waiting, c.GaveUp)
	}
}

func erasedTwice(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	for i := range 120 { // more than one step
		a := Arrival(i)
		a.Application = "A056035"
		accept(t, s, a)
	}
	if got := erase(t, s, "A056035"); got != (ppm.Erased{Notifications: 120}) {
		t.Errorf("erased %+v, want 120 notifications", got)
	}
	lastAction(t, s, "erased", "A056035", "120 notifications, 0 rejections, 0 deliveries stopped")
	if got := erase(t, s, "A056035"); got != (ppm.Erased{}) {
		t.Errorf("erased %+v the second time", got)
	}
	if got := actions(t, s, "A056035"); len(got) != 2 || got[1].Details != "120 notifications, 0 rejections, 0 deliveries stopped" {
		t.Errorf("the audit log has %+v", got)
	}
	if _, err := s.Erase(t.Context(), "", "anna"); err == nil {
		t.Error("what has no number was erased")
	}
}

func erasedActions(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	receipt := accept(t, s, Arrival(1)).Receipt
	other := accept(t, s, Arrival(2)).Receipt
	number := Arrival(1).Application
	for _, a := range []ppm.Action{
		{What: "retried", About: number, Details: secret},
		{What: "retried", About: string(receipt), Details: secret},
		{What: "retried", About: "dead letters matching " + number + " " + secret, Details: "1 sent"},
		{What: "client tested", About: "CRM", Details: "with " + number + ": " + secret},
		{What: "retried", About: string(other), Details: "stays"},
		{What: "retried", About: "dead letters matching " + number + "0", Details: "stays"},
	} {
		a.At, a.By = time.Now(), "bert"
		if err := s.Audit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	erase(t, s, number)
	var got []string
	for _, a := range actions(t, s, "") {
		if a.What != "erased" {
			got = append(got, a.About+": "+a.Details)
		}
	}
	slices.Reverse(got)
	want := []string{number + ": ", string(receipt) + ": ", number + ": ", "CRM: ", string(other) + ": stays", "dead letters matching " + number + "0: stays"}
	if !slices.Equal(got, want) {
		t.Errorf("the audit log has %q, want %q", got, want)
	}
}

func erasedExactly(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	numbers := []string{"1", "01", "11", "a-1", "A-1", "1 ", "***", "12345678901", "X2345678901", "45678901"}
	var receipts []ppm.Receipt
	for i, number := range numbers {
		a := Arrival(i)
		a.Application = number
		receipts = append(receipts, accept(t, s, a).Receipt)
	}
	for i, number := range numbers {
		if got := erase(t, s, number); got.Notifications != 1 {
			t.Errorf("erasing %q erased %+v", number, got)
		}
		for j, r := range receipts {
			if got := find(t, s, r).Erased; got != (j <= i) {
				t.Errorf("after erasing %q, %q is erased: %v", number, numbers[j], got)
			}
		}
	}
	if got := erase(t, s, "nobody"); got != (ppm.Erased{}) {
		t.Errorf("erasing nobody erased %+v", got)
	}
}

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

// due returns what is due to the client, without leasing it for longer than now.
func due(t *testing.T, s db.Store, client int64, now time.Time) (receipts []ppm.Receipt) {
	t.Helper()
	claimed, _, err := s.Claim(t.Context(), client, now, now, time.Hour, 1000)
	if err != nil {
		t.Fatal("claim:", err)
	}
	for _, d := range claimed {
		receipts = append(receipts, d.Receipt)
	}
	slices.SortFunc(receipts, func(a, b ppm.Receipt) int {
		x, _ := a.Number()
		y, _ := b.Number()
		return int(x - y)
	})
	return receipts
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

func deliveriesInABackup(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM", Ordered: true})
	for i := range 10 {
		a := Arrival(i)
		a.Application = []string{"A000001", "B"}[i%2]
		accept(t, s, a)
	}
	route(t, s, crm)
	for range 3 {
		attempt(t, s, ppm.ClearmatchAPI, time.Now(), fetched(crm, "rule 1"))
		attempt(t, s, crm, time.Now(), func(ppm.Delivery) (ppm.Response, error) { return ppm.Response{Status: 500}, errors.New("not now") })
	}
	erase(t, s, "B") // a body that is not there is no damage
	backup := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), backup, nil); err != nil {
		t.Fatal("backup:", err)
	}
	dir := t.TempDir()
	if err := e.Restore(dir, backup); err != nil {
		t.Fatal("restore:", err)
	}
	restored := e.open(t, dir)
	all, err := s.List(t.Context(), ppm.Page{Limit: 100})
	if err != nil || len(all) != 10 {
		t.Fatal("list:", all, err)
	}
	for _, r := range all {
		if got, want := find(t, restored, r.Receipt), find(t, s, r.Receipt); !reflect.DeepEqual(got, want) {
			t.Errorf("restored %+v, want %+v", got, want)
		}
	}
	if got, want := counts(t, restored), counts(t, s); got != want {
		t.Errorf("restored %+v, want %+v", got, want)
	}
}
