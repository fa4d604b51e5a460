package sqlite_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/db/dbtest"
	"processmanager/ppm"
)

// doEverything calls each method of the store, and so that each way through it is taken.
func doEverything(t *testing.T, s db.Store) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(r ppm.Receipt, client int64) ppm.DeliveryName {
		return ppm.DeliveryName{Receipt: r, Client: client}
	}
	c := dbtest.Client("CRM")
	must(s.Idle(ctx, true))
	number, err := s.SaveClient(ctx, c, "anna")
	must(err)
	c.Number = number
	u, err := s.SaveSubscription(ctx, ppm.Subscription{Client: number, Rule: ppm.Rule{Type: "x"}}, "anna")
	must(err)
	u.Type = "y"
	_, err = s.SaveSubscription(ctx, u, "anna")
	must(err)
	var receipts []ppm.Receipt
	for i := range 8 {
		a := dbtest.Arrival(i)
		a.Application = "A"
		for range 2 {
			ack, err := s.Accept(ctx, a)
			must(err)
			receipts = append(receipts, ack.Receipt)
		}
	}
	receipts = slices.Compact(receipts)
	must(s.Reject(ctx, ppm.Rejection{At: time.Now(), Status: 400, Body: []byte("{")}))
	next, err := s.Unrouted(ctx, 100)
	must(err)
	for i, n := range next {
		outcome := []ppm.Outcome{ppm.Undecided, ppm.Wanted}[i%2]
		must(s.Route(ctx, []ppm.Route{{Receipt: n.Receipt, Fetch: true, Decisions: []ppm.Decision{{Client: number, Outcome: outcome}}}}))
	}
	now := time.Now()
	for round, failed := range []error{nil, errors.New("not now"), nil, ppm.PermanentError{Err: errors.New("gone")}} {
		now = now.Add(time.Hour)
		for _, client := range []int64{ppm.ClearmatchAPI, number} {
			claimed, _, err := s.Claim(ctx, client, now, now.Add(time.Minute), time.Hour, 10)
			must(err)
			for _, d := range claimed {
				p, err := s.Load(ctx, d)
				must(err)
				a := ppm.Attempt{Before: d, After: d.Attempted(now, now, failed, ppm.DefaultBackoff, 0), Began: now, Err: failed}
				for _, waits := range p.Undecided {
					a.Response.Decisions = append(a.Response.Decisions, ppm.Decision{Client: waits, Outcome: ppm.Wanted})
				}
				must(s.Record(ctx, a))
			}
		}
		_, err = s.Resend(ctx, []ppm.DeliveryName{at(receipts[round], number), at(receipts[0], ppm.ClearmatchAPI)}, true)
		must(err)
	}
	for _, ordered := range []bool{false, true} {
		c.Ordered = ordered
		_, err := s.SaveClient(ctx, c, "anna")
		must(err)
	}
	readEverything(t, s, receipts[0], u.Number)
	must(s.HoldClient(ctx, number, true, "anna"))
	for range 2 {
		_, _, err = s.Expire(ctx, now.Add(1000*time.Hour), ppm.Retention{Bodies: time.Hour, DeadLetters: 24 * time.Hour})
		must(err)
	}
	_, err = s.Erase(ctx, "A", "anna")
	must(err)
	must(s.RemoveSubscription(ctx, u.Number, "anna"))
	must(s.RemoveClient(ctx, number, "anna"))
	must(s.Backup(ctx, filepath.Join(t.TempDir(), "copy.db"), nil))
}

// readEverything is doEverything for what only reads.
func readEverything(t *testing.T, s db.Store, r ppm.Receipt, subscription int64) {
	ctx := t.Context()
	var errs []error
	note := func(_ any, err error) { errs = append(errs, err) }
	for _, p := range []ppm.Page{{Limit: 5}, {Limit: 5, After: r}, {Limit: 5, OldestFirst: true}} {
		note(s.List(ctx, p))
		_, _, err := s.Search(ctx, "A posted", p)
		note(nil, err)
	}
	note(s.Counts(ctx))
	note(s.Find(ctx, r))
	note(s.States(ctx, r))
	note(s.Rejections(ctx, 0, 10))
	note(s.Rejection(ctx, 1))
	note(s.Clients(ctx))
	note(s.Fetching(ctx))
	note(s.Subscriptions(ctx))
	note(s.Rules(ctx, subscription))
	for _, client := range []int64{-1, 1} {
		note(s.DeadLetters(ctx, client, ppm.DeliveryName{}, 10))
	}
	note(nil, s.Audit(ctx, ppm.Action{At: time.Now(), What: "looked", About: "A"}))
	for _, about := range []string{"", "A"} {
		note(s.Actions(ctx, about, 0, 10))
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}
