package pipeline_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"processmanager/pipeline"
	"processmanager/ppm"
)

func TestDataAreKeptWithTheTimeOfEachFetchAndEveryDigit(t *testing.T) {
	p, sink := newPlatform(t), newSink(t)
	h := newHouse(t, p.api(t))
	c := h.client("crm", sink.URL, func(c *ppm.Client) { c.Data = true })
	h.start()
	began := time.Now().Add(-time.Millisecond) // the store keeps microseconds
	r := h.accept(notification("A1", "Posted", p.at("A1")))
	h.becomes(ppm.Delivered, r, c.Number)

	p.answers(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"amount": 0.10000000000000000001}`) })
	fetching := ppm.DeliveryName{Receipt: r, Client: ppm.ClearmatchAPI}
	_, err := h.Resend(t.Context(), []ppm.DeliveryName{fetching, {Receipt: r, Client: c.Number}}, true)
	check(t, err)
	h.until("it has been fetched and delivered again", func() bool { return len(sink.had()) == 2 && len(h.detail(r).Fetches) == 2 })
	h.settled()
	fetches := h.detail(r).Fetches
	if fetches[0].Data != data("A1") || fetches[1].Data != `{"amount": 0.10000000000000000001}` {
		t.Errorf("kept: %+v", fetches)
	}
	if fetches[0].At.Before(began) || !fetches[1].At.After(fetches[0].At) || fetches[1].At.After(time.Now()) {
		t.Errorf("fetched at %s and %s, after %s", fetches[0].At, fetches[1].At, began)
	}
	if got := sink.had()[0].body; !strings.Contains(got, `"amount":12345678901234567890.10`) {
		t.Errorf("the client was given %s", got)
	}
	if n := p.times("A1"); n != 2 {
		t.Errorf("it was fetched %d times, want 2", n)
	}
}

func TestWhatArrivesAtTheVeryBeginningIsFetched(t *testing.T) {
	p := newPlatform(t)
	h := newHouse(t, p.api(t))
	work := pipeline.New(h.options)
	check(t, work.Prepare(t.Context()))
	r := h.accept(notification("A1", "Posted", p.at("A1")))
	h.start()
	h.becomes(ppm.Delivered, r, ppm.ClearmatchAPI)
}

func TestATokenServesUntilItIsNearlyOverOrRefused(t *testing.T) {
	for _, tt := range []struct {
		name    string
		life    time.Duration
		between func(*platform)
		tokens  int64
		asked   int // for the second application
	}{
		{"good", time.Hour, nil, 1, 1},
		{"nearly over", 9 * time.Second, nil, 2, 1}, // it is not used in its last ten seconds
		{"withdrawn", time.Hour, (*platform).withdraw, 2, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlatform(t)
			p.life = tt.life
			h := newHouse(t, p.api(t))
			h.start()
			h.becomes(ppm.Delivered, h.accept(notification("A1", "Posted", p.at("A1"))), ppm.ClearmatchAPI)
			if tt.between != nil {
				tt.between(p)
			}
			d := h.becomes(ppm.Delivered, h.accept(notification("A2", "Posted", p.at("A2"))), ppm.ClearmatchAPI)
			if p.issued.Load() != tt.tokens || p.times("A2") != tt.asked || d.Attempts != 1 {
				t.Errorf("%d tokens, A2 asked for %d times, in %d attempts; want %d, %d, 1", p.issued.Load(), p.times("A2"), d.Attempts, tt.tokens, tt.asked)
			}
		})
	}
}

func TestWhatTheAPIAnswersDecidesWhenItIsAskedAgain(t *testing.T) {
	const ever = ppm.GaveUp
	for _, tt := range []struct {
		name        string
		status      int
		retryAfter  string
		content     string // "": below the API
		state       ppm.State
		least, most time.Duration // until the next attempt
		says        string
	}{
		{"fails", 500, "", "", ppm.Waiting, 2 * time.Second, 5 * time.Second, "the API answered 500"},
		{"overloaded", 429, "120", "", ppm.Waiting, 2 * time.Minute, 2 * time.Minute, "the API answered 429"},
		{"says when for long", 503, "86400", "", ppm.Waiting, time.Hour, time.Hour, "the API answered 503"},
		{"is sooner than we", 503, "1", "", ppm.Waiting, 2 * time.Second, 5 * time.Second, "the API answered 503"},
		{"refuses every token", 401, "", "", ppm.Waiting, 2 * time.Second, 5 * time.Second, "refused a fresh token"},
		{"is no JSON", 200, "", "", ppm.Waiting, 2 * time.Second, 5 * time.Second, "not JSON"},
		{"not there", 404, "", "", ever, 0, 0, "does not have this application (404"},
		{"gone", 410, "", "", ever, 0, 0, "does not have this application (410"},
		{"lies elsewhere", 200, "", "http://127.0.0.1:1/v1/A1", ever, 0, 0, "does not lie at Clearmatch's API"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlatform(t)
			h := newHouse(t, p.api(t))
			p.says(tt.status, tt.retryAfter)
			h.start()
			content := tt.content
			if content == "" {
				content = p.at("A1")
			}
			began := time.Now().Add(-time.Millisecond)
			r := h.accept(notification("A1", "Posted", content))
			d := h.tried(r, ppm.ClearmatchAPI)
			ended := time.Now()
			if d.State != tt.state || !strings.Contains(d.Error, tt.says) {
				t.Errorf("%s %q; want %s %q", d.State, d.Error, tt.state, tt.says)
			}
			if tt.state == ever {
				if !d.NextAttempt.IsZero() || h.detail(r).Status != ppm.Failed {
					t.Errorf("it is asked for again at %s, and the notification is %s", d.NextAttempt, h.detail(r).Status)
				}
				return
			}
			if d.NextAttempt.Before(began.Add(tt.least)) || d.NextAttempt.After(ended.Add(tt.most)) {
				t.Errorf("asked between %s and %s, again at %s; want %s to %s later", began, ended, d.NextAttempt, tt.least, tt.most)
			}
		})
	}
}

func TestOnlyWhoNeedsTheDataWaitsForThemAndSaysSo(t *testing.T) {
	hurry(t)
	p, sink := newPlatform(t), newSink(t)
	p.says(503, "")
	h := newHouse(t, p.api(t))
	withData := func(c *ppm.Client) { c.Data = true }
	plain := h.client("plain", sink.URL, nil)
	data := h.client("data", sink.URL, withData)
	large := h.client("large", sink.URL, nil, ppm.Rule{When: "application.amount > 5000"})
	small := h.client("small", sink.URL, nil, ppm.Rule{When: "application.amount < 5000"})
	either := h.client("either", sink.URL, nil, ppm.Rule{When: "application.amount > 5000"}, ppm.Rule{Event: "Posted"})
	never := h.client("never", sink.URL, withData, ppm.Rule{Event: "Funded"})
	h.start()
	r := h.accept(notification("A1", "Posted", p.at("A1")))
	h.tried(r, ppm.ClearmatchAPI)
	for _, c := range []ppm.Client{plain, either} {
		h.becomes(ppm.Delivered, r, c.Number)
	}
	for _, tt := range []struct {
		ppm.Client
		state ppm.State
		says  string
	}{
		{data, ppm.NeedsData, "wants it with the application's data"},
		{large, ppm.NeedsData, "waits for the application's data (rule"},
		{small, ppm.NeedsData, "waits for the application's data (rule"},
		{never, ppm.NotWanted, "Funded"},
	} {
		if d := h.delivery(r, tt.Number); d.State != tt.state || !strings.Contains(d.Reason, tt.says) {
			t.Errorf("%s: %s because %s; want %s because %s", tt.Name, d.State, d.Reason, tt.state, tt.says)
		}
	}
	if s := h.detail(r).Status; s != ppm.Queued {
		t.Errorf("the notification is %s", s)
	}
	p.answers(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"amount":12345678901234567890.10}`) })
	h.becomes(ppm.Delivered, r, data.Number)
	h.becomes(ppm.Delivered, r, large.Number)
	d := h.becomes(ppm.NotWanted, r, small.Number)
	if !strings.Contains(d.Reason, "12345678901234567890.10") {
		t.Errorf("not wanted because %s", d.Reason)
	}
	h.settled()
	if n := len(h.detail(r).Fetches); n != 1 {
		t.Errorf("%d fetches are kept", n)
	}
}

func TestWhatCannotBeFetchedIsADeadLetterForThoseWhoNeedIt(t *testing.T) {
	p, sink := newPlatform(t), newSink(t)
	p.says(404, "")
	h := newHouse(t, p.api(t))
	plain := h.client("plain", sink.URL, nil)
	large := h.client("large", sink.URL, nil, ppm.Rule{When: "application.amount > 5000"})
	h.start()
	r := h.accept(notification("A1", "Posted", p.at("A1")))
	d := h.becomes(ppm.GaveUp, r, large.Number)
	if !strings.Contains(d.Error, "could not get the application from Clearmatch") || !strings.Contains(d.Error, "404") {
		t.Errorf("given up because %q", d.Error)
	}
	h.becomes(ppm.Delivered, r, plain.Number)
}

func TestWithoutAnAPINothingWaits(t *testing.T) {
	sink := newSink(t)
	h := newHouse(t, nil)
	h.start()
	before := h.accept(notification("A0", "Posted", "https://api.example/A0"))
	if s := h.detail(before).Status; s != ppm.Complete {
		t.Errorf("with no client either it is %s", s)
	}
	data := h.client("data", sink.URL, func(c *ppm.Client) { c.Data = true })
	large := h.client("large", sink.URL, nil, ppm.Rule{When: "application.amount > 5000"})
	r := h.accept(notification("A1", "Posted", "https://api.example/A1"))
	h.becomes(ppm.Delivered, r, data.Number)
	if got := sink.had()[0].body; !strings.Contains(got, `"application":null`) {
		t.Errorf("the client was given %s", got)
	}
	d := h.becomes(ppm.NotWanted, r, large.Number)
	if !strings.Contains(d.Reason, "no API is configured") {
		t.Errorf("not wanted because %s", d.Reason)
	}
	h.settled()
	if now := h.detail(r); now.Status != ppm.Complete || now.Fetching != nil || len(now.Fetches) != 0 {
		t.Errorf("%s, %+v", now.Status, now.Fetching)
	}
}

func TestWhatWaitedForAnAPIThatIsGoneWaitsNoLonger(t *testing.T) {
	p, sink := newPlatform(t), newSink(t)
	p.says(503, "")
	h := newHouse(t, p.api(t))
	c := h.client("large", sink.URL, nil, ppm.Rule{When: "application.amount > 5000"})
	hurry(t)
	h.start()
	r := h.accept(notification("A1", "Posted", p.at("A1")))
	h.tried(r, ppm.ClearmatchAPI)
	h.stop()
	h.options.Fetch = nil
	h.start()
	d := h.becomes(ppm.GaveUp, r, c.Number)
	if !strings.Contains(d.Error, "no API is configured any more") {
		t.Errorf("given up because %q", d.Error)
	}
}
