package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"processmanager/config"
	"processmanager/db"
	"processmanager/db/sqlite"
	"processmanager/pipeline"
	"processmanager/ppm"
	"processmanager/secret"
	"processmanager/ui"
)

// An office is a store with a desk, and who asks it over the local API.
type office struct {
	*testing.T
	desk   desk
	remote *ui.Remote
	api    *httptest.Server
	token  string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(sqlite.Options{Dir: dir})
	o := &office{T: t, token: "token"}
	o.ok(err)
	v := vault{store, secret.Open(dir, nil)}
	o.ok(v.keys.Make())
	o.desk = desk{v, backupMaker(dir, config.Default(), v, nil)}
	t.Cleanup(func() { o.ok(store.Close()) })
	o.api = httptest.NewServer(ui.New(ui.Options{Store: o.desk, Token: o.token}).Handler())
	t.Cleanup(o.api.Close)
	o.remote, err = ui.NewRemote(o.api.URL, o.token)
	o.ok(err)
	t.Cleanup(func() { o.ok(o.remote.Close()) })
	return o
}

func (o *office) ok(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// refused checks that err is a refusal that says all of words.
func (o *office) refused(err error, words ...string) {
	o.Helper()
	var refusal ui.Refusal
	if !errors.As(err, &refusal) {
		o.Errorf("%v is no refusal; want one that says %q", err, words)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			o.Errorf("refused with %q; want %q", err, w)
		}
	}
}

// runs has a pipeline work on the store until the test's end, or until it is told.
func (o *office) runs() (stop func()) {
	ctx, cancel := context.WithCancel(o.Context())
	ended := make(chan error, 1)
	work := pipeline.New(pipeline.Options{Store: o.desk.Store, Open: openWay, Limit: func(ppm.Client) time.Duration { return time.Minute }})
	go func() { ended <- work.Run(ctx) }()
	return func() { cancel(); o.ok(<-ended) }
}

// accept has a notification arrive.
func (o *office) accept(application, event string) ppm.Receipt {
	o.Helper()
	n := ppm.Notification{Application: application, Type: "statusChange", Partner: "P1", Event: event, EventTime: "2026-11-23T12:00:00"}
	body, err := json.Marshal(n)
	o.ok(err)
	a, err := o.desk.Accept(o.Context(), ppm.Arrival{Notification: n, Body: body, At: time.Now().UTC(), From: "192.0.2.1"})
	o.ok(err)
	return a.Receipt
}

// change is a change that adds a client of the web.
func change(name, url string) ui.ClientChange {
	kind := ppm.WebAddress
	return ui.ClientChange{Name: &name, Kind: &kind, Settings: map[string]json.RawMessage{"url": json.RawMessage(fmt.Sprintf("%q", url))}}
}

func TestAClientIsAddedChangedAndRemovedOverTheAPI(t *testing.T) {
	o, ctx := newOffice(t), t.Context()
	add := change("crm", "https://crm.example/hook")
	secret, auth := "canary", json.RawMessage(`"bearer"`)
	add.Secrets, add.Settings["auth"] = map[string]*string{"token": &secret}, auth
	added, err := o.remote.SaveClient(ctx, 0, add, "maria")
	o.ok(err)
	if added.Number == 0 || !added.Ordered || added.Backoff != ppm.DefaultBackoff || added.Concurrency != 1 || !reflect.DeepEqual(added.SecretsSet, []string{"token"}) {
		t.Errorf("added: %+v", added)
	}
	three := 3
	changed, err := o.remote.SaveClient(ctx, added.Number, ui.ClientChange{Concurrency: &three}, "josé")
	o.ok(err)
	want := added
	want.Concurrency = 3
	if !reflect.DeepEqual(changed, want) {
		t.Errorf("changed:\n%+v, want\n%+v", changed, want)
	}
	if all, err := o.desk.vault.Clients(ctx); err != nil || all[0].Secrets["token"] != "canary" {
		t.Errorf("the secret kept is %q, %v", all[0].Secrets, err)
	}

	_, err = o.remote.SaveClient(ctx, 0, change("CRM", "https://other.example/"), "maria")
	if !errors.Is(err, db.ErrExists) {
		t.Errorf("another one of that name: %v", err)
	}
	bad := change("bad", "nonsense")
	bad.Settings["colour"] = json.RawMessage(`"red"`)
	bad.Secrets = map[string]*string{"tokne": &secret}
	_, err = o.remote.SaveClient(ctx, 0, bad, "maria")
	o.refused(err, "url", "colour", "tokne")
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("the refusal tells a secret: %v", err)
	}
	kind, span := ppm.Folder, "soon"
	_, err = o.remote.SaveClient(ctx, added.Number, ui.ClientChange{Kind: &kind}, "maria")
	o.refused(err, "stays of its kind")
	_, err = o.remote.SaveClient(ctx, added.Number, ui.ClientChange{First: &span}, "maria")
	o.refused(err, "first: give a time such as 30s")
	_, err = o.remote.SaveClient(ctx, 99, ui.ClientChange{Concurrency: &three}, "maria")
	if !errors.Is(err, db.ErrNotFound) {
		t.Errorf("a client that is not there: %v", err)
	}

	o.ok(o.remote.HoldClient(ctx, added.Number, true, "maria"))
	list, err := o.remote.Clients(ctx)
	o.ok(err)
	if here, err := o.desk.Clients(ctx); err != nil || !reflect.DeepEqual(list, here) || len(list) != 1 || !list[0].Held {
		t.Errorf("listed: %+v, %v", list, err)
	}
	o.ok(o.remote.HoldClient(ctx, added.Number, false, "maria"))
	o.ok(o.remote.RemoveClient(ctx, added.Number, "josé"))
	for what, err := range map[string]error{
		"held": o.remote.HoldClient(ctx, added.Number, true, "maria"), "removed": o.remote.RemoveClient(ctx, added.Number, "maria"),
	} {
		if !errors.Is(err, db.ErrNotFound) {
			t.Errorf("%s once it is removed: %v", what, err)
		}
	}
	var log []string
	actions, err := o.remote.Actions(ctx, "crm", 0, 50)
	o.ok(err)
	for _, a := range actions {
		log = append(log, a.By+": "+a.What)
	}
	if got := strings.Join(log, ", "); got != "josé: client removed, maria: client resumed, maria: client held, josé: client changed, maria: client added" {
		t.Errorf("the audit log: %s", got)
	}
}

func TestARuleIsSubscribedToAndTriedOverTheAPI(t *testing.T) {
	o, ctx := newOffice(t), t.Context()
	c, err := o.remote.SaveClient(ctx, 0, change("crm", "https://crm.example/"), "maria")
	o.ok(err)
	for when, says := range map[string]string{
		"application.amount >": "", "notifcation.id == \"A1\"": "notification", "application.amount > \"much\" + 1": "",
	} {
		_, err := o.remote.SaveSubscription(ctx, ppm.Subscription{Client: c.Number, Rule: ppm.Rule{When: when}}, "maria")
		o.refused(err, says)
		_, err = o.remote.TryRule(ctx, ppm.Subscription{Client: c.Number, Rule: ppm.Rule{When: when}}, time.Time{}, func(ui.Trial) error { return nil })
		o.refused(err, says)
	}
	if _, err := o.remote.SaveSubscription(ctx, ppm.Subscription{Client: 99}, "maria"); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("for nobody: %v", err)
	}
	first, err := o.remote.SaveSubscription(ctx, ppm.Subscription{Client: c.Number, Rule: ppm.Rule{Event: "Posted"}}, "maria")
	o.ok(err)
	next := first
	next.Event = "Funded"
	next, err = o.remote.SaveSubscription(ctx, next, "maria")
	o.ok(err)
	if next.Number != first.Number || next.Rule.Number == first.Rule.Number {
		t.Errorf("%+v took the place of %+v", next, first)
	}
	rules, err := o.remote.Rules(ctx, first.Number)
	o.ok(err)
	if !reflect.DeepEqual(rules, []ppm.Rule{first.Rule, next.Rule}) {
		t.Errorf("its rules: %+v", rules)
	}

	for i := range 5 {
		o.accept(fmt.Sprintf("A%d", i), []string{"Posted", "Funded", "Declined"}[i%3])
	}
	tried := next
	tried.Event = "Posted"
	count := func(d ui.Desk) (trials []ui.Trial, looked int64) {
		looked, err := d.TryRule(ctx, tried, time.Time{}, func(x ui.Trial) error { trials = append(trials, x); return nil })
		o.ok(err)
		return trials, looked
	}
	trials, looked := count(o.remote)
	if here, lookedHere := count(o.desk); !reflect.DeepEqual(trials, here) || looked != lookedHere || looked != 5 || len(trials) != 4 {
		t.Errorf("tried: %d of %d, and without the API %d of %d", len(trials), looked, len(here), lookedHere)
	}
	for _, x := range trials {
		if x.Wanted != (x.Event == "Posted") || x.Was != (x.Event == "Funded") || !strings.Contains(x.Reason, "rule") {
			t.Errorf("%+v", x)
		}
	}
	o.ok(o.remote.RemoveSubscription(ctx, first.Number, "maria"))
	if err := o.remote.RemoveSubscription(ctx, first.Number, "maria"); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("removed again: %v", err)
	}
	if rules, err := o.remote.Rules(ctx, first.Number); err != nil || len(rules) != 2 {
		t.Errorf("its rules when it has ended: %v, %v", rules, err)
	}
}

func TestDeadLettersAreSentAgainAndErasedOverTheAPI(t *testing.T) {
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusGone) }))
	defer sink.Close()
	o, ctx := newOffice(t), t.Context()
	c, err := o.remote.SaveClient(ctx, 0, change("crm", sink.URL), "maria")
	o.ok(err)
	_, err = o.remote.SaveSubscription(ctx, ppm.Subscription{Client: c.Number}, "maria")
	o.ok(err)
	stop := o.runs()
	for i := range 3 {
		o.accept(fmt.Sprintf("A%d", i), "Posted")
	}
	until(t, "all are dead letters", func() bool {
		dead, err := o.remote.DeadLetters(ctx, -1, ppm.DeliveryName{}, 50)
		o.ok(err)
		return len(dead) == 3
	})
	stop()

	var paged []ppm.Delivery
	for after := (ppm.DeliveryName{}); ; {
		page, err := o.remote.DeadLetters(ctx, c.Number, after, 2)
		o.ok(err)
		if len(page) == 0 {
			break
		}
		paged, after = append(paged, page...), page[len(page)-1].DeliveryName
	}
	if here, err := o.desk.DeadLetters(ctx, c.Number, ppm.DeliveryName{}, 50); err != nil || !reflect.DeepEqual(paged, here) {
		t.Errorf("in pages: %+v; at once: %+v, %v", paged, here, err)
	}
	resend := func(d ui.Desk, s ppm.Selection, dry bool) (told []ppm.Resending) {
		o.ok(d.Resend(ctx, s, dry, "maria", func(r ppm.Resending) error { told = append(told, r); return nil }))
		return told
	}
	would := resend(o.remote, ppm.Selection{Dead: true}, true)
	if here := resend(o.desk, ppm.Selection{Dead: true}, true); len(would) != 3 || !reflect.DeepEqual(would, here) {
		t.Errorf("would leave: %+v; without the API %+v", would, here)
	}
	if done := resend(o.remote, ppm.Selection{Receipts: []ppm.Receipt{paged[0].Receipt}, Dead: true}, false); len(done) != 1 || done[0] != would[0] {
		t.Errorf("left: %+v", done)
	}
	err = o.remote.Resend(ctx, ppm.Selection{Client: 99}, false, "maria", func(ppm.Resending) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "client 99") {
		t.Errorf("to nobody: %v", err)
	}
	e, err := o.remote.Erase(ctx, "A2", "maria")
	o.ok(err)
	if e != (ppm.Erased{Notifications: 1, Stopped: 1}) { // the one that has just been sent again
		t.Errorf("erased: %+v", e)
	}
	actions, err := o.remote.Actions(ctx, "A2", 0, 1)
	o.ok(err)
	if len(actions) != 1 || actions[0].By != "maria" || actions[0].Details != "1 notification, 0 rejections, 1 delivery stopped" {
		t.Errorf("the audit log: %+v", actions)
	}
}

func TestAClientIsTriedOutOverTheAPI(t *testing.T) {
	given := make(chan string, 2)
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		given <- string(body)
		http.Error(w, "not today", http.StatusServiceUnavailable)
	}))
	defer sink.Close()
	o, ctx := newOffice(t), t.Context()
	c, err := o.remote.SaveClient(ctx, 0, change("crm", sink.URL), "maria")
	o.ok(err)
	r := o.accept("A1", "Posted")
	for receipt, has := range map[ppm.Receipt]string{"": "TEST", r: "A1"} {
		made, err := o.remote.TestClient(ctx, c.Number, receipt, "maria")
		o.ok(err)
		if made.Status != 503 || made.Error == "" || !strings.Contains(string(made.Excerpt), "not today") {
			t.Errorf("tried out with %q: %+v", receipt, made)
		}
		if body := <-given; !strings.Contains(body, has) {
			t.Errorf("with %q it was given %s", receipt, body)
		}
	}
	if _, err := o.remote.TestClient(ctx, c.Number, "99-AAAAAAAA", "maria"); !errors.Is(err, db.ErrNotFound) && (err == nil || !strings.Contains(err.Error(), "not found")) {
		t.Errorf("with a receipt of nothing: %v", err)
	}
	if _, err := o.remote.TestClient(ctx, 99, "", "maria"); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
	if d, err := o.desk.States(ctx, r); err != nil || len(d) != 0 {
		t.Errorf("a trial has made %v, %v", d, err)
	}
}

// until waits until ok.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
