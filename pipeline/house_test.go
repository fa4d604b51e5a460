package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"processmanager/client"
	"processmanager/db"
	"processmanager/db/sqlite"
	"processmanager/delivery"
	"processmanager/pipeline"
	"processmanager/ppm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick is a back-off that tests need not wait for.
var quick = ppm.Backoff{First: 20 * time.Millisecond, Longest: 200 * time.Millisecond, GiveUp: time.Hour}

// hurry has what fails to be fetched tried again as quickly.
func hurry(t *testing.T) {
	usual := ppm.DefaultBackoff
	ppm.DefaultBackoff = quick
	t.Cleanup(func() { ppm.DefaultBackoff = usual })
}

// A house is a store in a temporary folder and the pipeline that works on it.
type house struct {
	*testing.T
	db.Store
	options pipeline.Options
	end     func() // of the pipeline; nil while none runs
}

// newHouse returns a house in which nothing runs yet. fetch may be nil.
func newHouse(t *testing.T, fetch pipeline.Fetcher) *house {
	t.Helper()
	return houseIn(t, t.TempDir(), fetch)
}

// houseIn is newHouse in a folder.
func houseIn(t *testing.T, dir string, fetch pipeline.Fetcher) *house {
	t.Helper()
	store, err := sqlite.Open(sqlite.Options{Dir: dir})
	check(t, err)
	t.Cleanup(func() { check(t, store.Close()) })
	return &house{T: t, Store: store, options: pipeline.Options{
		Store: store, Fetch: fetch, Limit: client.Limit, Log: slog.New(slog.DiscardHandler),
		Open: func(c ppm.Client) (delivery.Way, error) { return client.Open(c, client.Options{Version: "test"}) },
	}}
}

// start runs a pipeline until stop or the end of the test.
func (h *house) start() {
	h.Helper()
	if h.end != nil {
		h.Fatal("it runs already")
	}
	ctx, cancel := context.WithCancel(h.Context())
	ended := make(chan error, 1)
	p := pipeline.New(h.options)
	check(h.T, p.Prepare(ctx))
	go func() { ended <- p.Run(ctx) }()
	h.end = func() {
		cancel()
		check(h.T, <-ended)
		h.end = nil
	}
	h.Cleanup(h.stop)
}

// stop ends the pipeline and waits for everything that it had begun.
func (h *house) stop() {
	if h.end != nil {
		h.end()
	}
}

// notification returns one about an application, whose data are at the address.
func notification(application, event, content string) ppm.Notification {
	return ppm.Notification{
		Application: application, Type: "statusChange", Partner: "P1", Event: event,
		EventTime: "2026-11-23T12:00:00", Content: content,
	}
}

// accept has a notification arrive.
func (h *house) accept(n ppm.Notification) ppm.Receipt {
	h.Helper()
	body, err := json.Marshal(n)
	check(h.T, err)
	a, err := h.Accept(h.Context(), ppm.Arrival{Notification: n, Body: body, At: time.Now().UTC(), From: "192.0.2.1"})
	check(h.T, err)
	return a.Receipt
}

// client keeps a client that is reached at an address of the web, and what it
// wants: everything, where no rule is given.
func (h *house) client(name, url string, change func(*ppm.Client), rules ...ppm.Rule) ppm.Client {
	h.Helper()
	c := ppm.Client{
		Name: name, Kind: ppm.WebAddress, Settings: json.RawMessage(fmt.Sprintf(`{"url":%q,"timeout":"5s"}`, url)),
		Ordered: true, Backoff: quick, Concurrency: 2,
	}
	if change != nil {
		change(&c)
	}
	var err error
	c.Number, err = h.SaveClient(h.Context(), c, "tester")
	check(h.T, err)
	if len(rules) == 0 {
		rules = []ppm.Rule{{}}
	}
	for _, r := range rules {
		h.subscribe(ppm.Subscription{Client: c.Number, Rule: r})
	}
	return c
}

// set gives a client another address.
func (h *house) set(c ppm.Client, value string) {
	h.Helper()
	c.Settings = json.RawMessage(fmt.Sprintf(`{"url":%q}`, value))
	_, err := h.SaveClient(h.Context(), c, "tester")
	check(h.T, err)
}

func (h *house) subscribe(s ppm.Subscription) ppm.Subscription {
	h.Helper()
	saved, err := h.SaveSubscription(h.Context(), s, "tester")
	check(h.T, err)
	return saved
}

// delivery returns what has become of a notification and a client; the zero
// delivery if nothing has.
func (h *house) delivery(r ppm.Receipt, client int64) ppm.Delivery {
	h.Helper()
	states, err := h.States(h.Context(), r)
	check(h.T, err)
	for _, d := range states {
		if d.Client == client {
			return d
		}
	}
	return ppm.Delivery{}
}

// actions returns what the audit log has, newest first.
func (h *house) actions() []ppm.Action {
	h.Helper()
	actions, err := h.Actions(h.Context(), "", 0, 1000)
	check(h.T, err)
	return actions
}

func (h *house) detail(r ppm.Receipt) ppm.Detail {
	h.Helper()
	d, err := h.Find(h.Context(), r)
	check(h.T, err)
	return d
}

// wait is for what takes milliseconds, on a machine that has other things to do.
const wait = 2 * time.Minute

// until waits until ok; what says what for.
func (h *house) until(what string, ok func() bool) {
	h.Helper()
	for end := time.Now().Add(wait); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			h.Fatalf("waited %s in vain until %s", wait, what)
		}
	}
}

// becomes waits until a delivery has come to a state and returns it.
func (h *house) becomes(s ppm.State, r ppm.Receipt, client int64) (d ppm.Delivery) {
	h.Helper()
	h.until(fmt.Sprintf("%s to client %d is %s", r, client, s), func() bool { d = h.delivery(r, client); return d.State == s })
	return d
}

// tried waits until an attempt at a delivery has been kept and returns it.
func (h *house) tried(r ppm.Receipt, client int64) (d ppm.Delivery) {
	h.Helper()
	h.until(fmt.Sprintf("%s to client %d has been attempted", r, client), func() bool { d = h.delivery(r, client); return d.Attempts > 0 })
	return d
}

// settled waits until nothing is left to do.
func (h *house) settled() {
	h.Helper()
	h.until("nothing is left to do", func() bool {
		c, err := h.Counts(h.Context())
		check(h.T, err)
		return c.Notifications.Queued == 0
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
