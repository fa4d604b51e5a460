package dbtest

import (
	"slices"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// keepClient keeps a client of which only what matters need be said.
func keepClient(t *testing.T, s db.Store, c ppm.Client) int64 {
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

// route has one client want all that is not routed yet, after fetching.
func route(t *testing.T, s db.Store, client int64) {
	t.Helper()
	next, err := s.Unrouted(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	routes := make([]ppm.Route, len(next))
	for i, n := range next {
		routes[i] = ppm.Route{Receipt: n.Receipt, Fetch: true, Decisions: []ppm.Decision{{Client: client, Outcome: ppm.Undecided, Reason: "waits"}}}
	}
	if err := s.Route(t.Context(), routes); err != nil {
		t.Fatal("route:", err)
	}
}

// attempt claims what is due to a client and records how each attempt ended.
func attempt(t *testing.T, s db.Store, client int64, at time.Time, how func(ppm.Delivery) (ppm.Response, error)) int {
	t.Helper()
	claimed, _, err := s.Claim(t.Context(), client, at, at.Add(time.Minute), time.Hour, 1000)
	if err != nil {
		t.Fatal("claim:", err)
	}
	for _, d := range claimed {
		r, failed := how(d)
		a := ppm.Attempt{Before: d, After: d.Attempted(at, at.Add(time.Millisecond), failed, ppm.DefaultBackoff, 0), Began: at, Took: time.Millisecond, Response: r, Err: failed}
		if err := s.Record(t.Context(), a); err != nil {
			t.Fatal("record:", err)
		}
	}
	return len(claimed)
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
