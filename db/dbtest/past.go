package dbtest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// secret is in everything personal of the application that is erased.
const secret = "Hannelore-Mustermann"

// personal returns an arrival whose body, beside the six members, tells a secret.
func personal(i int, application, note string) ppm.Arrival {
	a := Arrival(i)
	a.Application = application
	a.Body = []byte(`{"id":"` + application + `","note":"` + note + `"}`)
	return a
}

// client keeps a client that wants everything.
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

func eraseLeavesNothing(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	crm := keepClient(t, s, ppm.Client{Name: "CRM", Data: true, Ordered: true})
	var receipts []ppm.Receipt
	for i := range 3 {
		a := personal(i, "A000001", secret+" "+strings.Repeat("x", 5000*i))
		receipts = append(receipts, accept(t, s, a).Receipt)
		a.Body = append(a.Body, " "+secret...)
		accept(t, s, a) // again, with another body
	}
	other := accept(t, s, personal(9, "A0000010", "stays")).Receipt
	for _, body := range []string{`{"id" "A000001", ` + secret, `{"id" "A0000011", not this one`} {
		if err := s.Reject(t.Context(), ppm.Rejection{At: time.Now(), Status: 400, Reason: "a colon", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	route(t, s, crm)
	at := time.Now()
	for i := range 3 { // one after the other, as they are ordered
		attempt(t, s, ppm.ClearmatchAPI, at, fetched(crm, "application.borrower is "+secret))
		attempt(t, s, crm, at, func(d ppm.Delivery) (ppm.Response, error) {
			if i == 0 {
				return ppm.Response{Status: 200, Excerpt: []byte("thanks for " + secret)}, nil
			}
			return ppm.Response{Status: 500, Excerpt: []byte(secret)}, errors.New("what is " + secret + "?")
		})
	}
	if found, _, err := s.Search(t.Context(), secret, ppm.Page{Limit: 10}); err != nil || len(found) != 3 {
		t.Fatalf("before erasing, the search finds %d, %v", len(found), err)
	}

	erased, err := s.Erase(t.Context(), "A000001", "tester")
	if err != nil {
		t.Fatal(err)
	}
	if erased.Notifications != 3 || erased.Rejections != 1 || erased.Stopped == 0 {
		t.Errorf("erased %+v", erased)
	}
	nowhere(t, dir, secret)
	for _, r := range receipts {
		d := find(t, s, r)
		if !d.Erased || d.Body != "" || d.Status == ppm.Queued {
			t.Errorf("%s is %s with body %q, erased %t", r, d.Status, d.Body, d.Erased)
		}
	}
	if d := find(t, s, other); d.Erased || d.Body == "" {
		t.Error("another application was erased too")
	}
	if found, _, err := s.Search(t.Context(), secret, ppm.Page{Limit: 10}); err != nil || len(found) != 0 {
		t.Errorf("after erasing, the search finds %v, %v", found, err)
	}
	if found, _, err := s.Search(t.Context(), "A000001", ppm.Page{Limit: 10}); err != nil || len(found) < 3 {
		t.Errorf("the application's number finds %v, %v", found, err)
	}
	again := accept(t, s, personal(0, "A000001", secret+" late"))
	if !again.Redelivery || again.Receipt != receipts[0] {
		t.Errorf("a late redelivery is answered %+v", again)
	}
	if _, err := s.Erase(t.Context(), "A000001", "tester"); err != nil {
		t.Fatal("a second time:", err)
	}
	nowhere(t, dir, secret)
	for _, client := range []int64{ppm.ClearmatchAPI, crm} {
		if n := attempt(t, s, client, at.Add(time.Hour), fetched(crm, "")); n != 0 {
			t.Errorf("%d deliveries of what was erased are still made", n)
		}
	}
	counts(t, s)
}

// nowhere looks for a word in every file of the data folder.
func nowhere(t *testing.T, dir, word string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, w := range []string{word, "hannelore"} { // the search index folds
			if i := bytes.Index(text, []byte(w)); i >= 0 {
				t.Errorf("%s still tells it: %q", filepath.Base(path), text[max(0, i-80):min(len(text), i+80)])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
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

// What fails against the API is known without it being a client.
func fetchingHasAHealth(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	for i := range ppm.DownAfter {
		accept(t, s, Arrival(i))
	}
	route(t, s, crm)
	at := time.Now()
	attempt(t, s, ppm.ClearmatchAPI, at, func(ppm.Delivery) (ppm.Response, error) { return ppm.Response{}, errors.New("refused") })
	h, err := s.Fetching(t.Context())
	if err != nil || !h.Down() || h.Waiting != ppm.DownAfter || h.LastError != "refused" || h.FailingSince == nil {
		t.Errorf("after failures: %+v, %v", h, err)
	}
	if all, err := s.Clients(t.Context()); err != nil || len(all) != 1 || all[0].Down() {
		t.Errorf("clients: %+v, %v", all, err)
	}
	attempt(t, s, ppm.ClearmatchAPI, at.Add(time.Minute), func(ppm.Delivery) (ppm.Response, error) {
		return ppm.Response{Data: []byte(`{}`)}, nil
	})
	if h, err := s.Fetching(t.Context()); err != nil || h.Down() || h.Waiting != 0 || h.LastDelivered == nil {
		t.Errorf("after a success: %+v, %v", h, err)
	}
}

// A client that refuses particular deliveries is there; one that does not
// answer is not.
func onlyTheClientsOwnFailuresCountAgainstIt(t *testing.T, e Engine) {
	for _, tt := range []struct {
		name     string
		response ppm.Response
		err      error
		failing  int
	}{
		{"no answer", ppm.Response{}, errors.New("timed out"), ppm.DownAfter},
		{"an answer that refuses", ppm.Response{Status: 503}, errors.New("503"), ppm.DownAfter},
		{"gone", ppm.Response{Status: 410}, ppm.PermanentError{Err: errors.New("410")}, 0},
		{"never tried", ppm.Response{}, ppm.PermanentError{Err: errors.New("not at the API")}, 0},
		{"about the delivery", ppm.Response{}, ppm.ParticularError{Err: errors.New("not JSON")}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := e.open(t, t.TempDir())
			crm := keepClient(t, s, ppm.Client{Name: "CRM"})
			for i := range ppm.DownAfter {
				accept(t, s, Arrival(i))
			}
			next, err := s.Unrouted(t.Context(), 100)
			if err != nil {
				t.Fatal(err)
			}
			var routes []ppm.Route
			for _, n := range next {
				routes = append(routes, ppm.Route{Receipt: n.Receipt, Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Wanted, Reason: "rule 1"}}})
			}
			if err := s.Route(t.Context(), routes); err != nil {
				t.Fatal(err)
			}
			attempt(t, s, crm, time.Now(), func(ppm.Delivery) (ppm.Response, error) { return tt.response, tt.err })
			all, err := s.Clients(t.Context())
			if err != nil || len(all) != 1 || all[0].Failing != tt.failing || all[0].Down() != (tt.failing > 0) {
				t.Errorf("%+v, %v; want %d failing", all, err, tt.failing)
			}
		})
	}
}
