package dbtest

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// keepClient keeps a client of which only what matters need be said.
func keepClient(t tester, s db.Store, c ppm.Client) int64 {
	t.Helper()
	if c.Kind == "" {
		c.Kind, c.Settings, c.Backoff, c.Concurrency = ppm.Folder, []byte(`{"path":"/drop"}`), ppm.DefaultBackoff, 1
	}
	number, err := s.SaveClient(t.Context(), c, "tester")
	if err != nil {
		t.Fatal("save client:", err)
	}
	return number
}

// decide routes all that is not routed, each to the clients as r says.
func decide(t tester, s db.Store, r ppm.Route) []ppm.Receipt {
	t.Helper()
	receipts := unrouted(t, s)
	routes := make([]ppm.Route, len(receipts))
	for i := range receipts {
		routes[i], routes[i].Receipt = r, receipts[i]
	}
	if err := s.Route(t.Context(), routes); err != nil {
		t.Fatal("route:", err)
	}
	return receipts
}

// wanted routes all that is not routed to the client, without fetching.
func wanted(t tester, s db.Store, client int64) []ppm.Receipt {
	t.Helper()
	return decide(t, s, ppm.Route{Decisions: []ppm.Decision{{Client: client, Outcome: ppm.Wanted, Reason: "rule 1", Rule: 1}}})
}

// route has one client want all that is not routed yet, after fetching.
func route(t tester, s db.Store, client int64) []ppm.Receipt {
	t.Helper()
	return decide(t, s, ppm.Route{Fetch: true, Decisions: []ppm.Decision{{Client: client, Outcome: ppm.Undecided, Reason: "waits"}}})
}

// claim leases up to limit of what is due to a client, for a minute.
func claim(t tester, s db.Store, client int64, now time.Time, limit int) (claimed []ppm.Delivery, next time.Time) {
	t.Helper()
	claimed, next, err := s.Claim(t.Context(), client, now, now.Add(time.Minute), time.Hour, limit)
	if err != nil {
		t.Fatal("claim:", err)
	}
	return claimed, next
}

// tried is an attempt at d that began at a time, took a millisecond, and ended so.
func tried(d ppm.Delivery, began time.Time, r ppm.Response, err error) ppm.Attempt {
	const took = time.Millisecond
	return ppm.Attempt{Before: d, After: d.Attempted(began, began.Add(took), err, ppm.DefaultBackoff, 0), Began: began, Took: took, Response: r, Err: err}
}

func record(t tester, s db.Store, a ppm.Attempt) {
	t.Helper()
	if err := s.Record(t.Context(), a); err != nil {
		t.Fatal("record:", err)
	}
}

// attempt claims what is due to a client and records how each attempt ended.
func attempt(t tester, s db.Store, client int64, at time.Time, how func(ppm.Delivery) (ppm.Response, error)) int {
	t.Helper()
	claimed, _ := claim(t, s, client, at, 1000)
	for _, d := range claimed {
		r, err := how(d)
		record(t, s, tried(d, at, r, err))
	}
	return len(claimed)
}

// works and fails are how attempts end.
func works(ppm.Delivery) (ppm.Response, error) { return ppm.Response{Status: 200}, nil }

func fails(err error) func(ppm.Delivery) (ppm.Response, error) {
	return func(ppm.Delivery) (ppm.Response, error) { return ppm.Response{Status: 503}, err }
}

var (
	errNotNow = errors.New("not now")
	errGone   = ppm.PermanentError{Err: errors.New("gone")}
)

// states returns what has become of a notification, by client.
func states(t tester, s db.Store, r ppm.Receipt) map[int64]ppm.Delivery {
	t.Helper()
	all, err := s.States(t.Context(), r)
	if err != nil {
		t.Fatal("states:", err)
	}
	by := make(map[int64]ppm.Delivery, len(all))
	for _, d := range all {
		by[d.Client] = d
	}
	if len(by) != len(all) {
		t.Errorf("%s has two states with one client: %+v", r, all)
	}
	return by
}

// unrouted returns all that is not routed.
func unrouted(t tester, s db.Store) []ppm.Receipt {
	t.Helper()
	next, err := s.Unrouted(t.Context(), 1000)
	if err != nil {
		t.Fatal("unrouted:", err)
	}
	return receiptsOf(next)
}

func receiptsOf(records []ppm.Record) (receipts []ppm.Receipt) {
	for _, r := range records {
		receipts = append(receipts, r.Receipt)
	}
	return receipts
}

// fetched is a fetch that brings the secret and has the client want it.
func fetched(client int64, reason string) func(ppm.Delivery) (ppm.Response, error) {
	return func(d ppm.Delivery) (ppm.Response, error) {
		if d.Application != "A000001" {
			return ppm.Response{Status: 200, Data: []byte(`{}`), Decisions: []ppm.Decision{{Client: client, Outcome: ppm.Unwanted, Reason: "no borrower"}}}, nil
		}
		return ppm.Response{Status: 200, Data: []byte(`{"borrower":"` + secret + `"}`),
			Decisions: []ppm.Decision{{Client: client, Outcome: ppm.Wanted, Reason: reason, Rule: 1}}}, nil
	}
}

// due returns what is due to the client, without leasing it for longer than now.
func due(t tester, s db.Store, client int64, now time.Time) []ppm.Receipt {
	t.Helper()
	claimed, _, err := s.Claim(t.Context(), client, now, now, time.Hour, 1000)
	if err != nil {
		t.Fatal("claim:", err)
	}
	return claimedOf(claimed)
}

// claimedOf returns the notifications of some deliveries, oldest first.
func claimedOf(deliveries []ppm.Delivery) (receipts []ppm.Receipt) {
	for _, d := range deliveries {
		receipts = append(receipts, d.Receipt)
	}
	slices.SortFunc(receipts, func(a, b ppm.Receipt) int {
		x, _ := a.Number()
		y, _ := b.Number()
		return cmp.Compare(x, y)
	})
	return receipts
}
