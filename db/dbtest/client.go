package dbtest

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var clientTests = tests{
	"AClientIsKeptAsItWasSaved":                clientIsKept,
	"SavingAClientChangesWhatIsSavedAndNoMore": clientIsChanged,
	"NamesOfClientsAreTakenOnce":               namesAreUnique,
	"AClientIsHeldAndResumed":                  clientIsHeld,
	"ARemovedClientIsKeptWithoutItsSecrets":    clientIsRemoved,
	"UnknownClientsAndSubscriptions":           unknownClients,
}

// Client returns a client named name with something in every member that is saved.
func Client(name string) ppm.Client {
	return ppm.Client{
		Name: name, Kind: ppm.WebAddress,
		Settings: json.RawMessage(`{"url":"https://crm.example/hook","timeout":"30s"}`),
		Secrets:  map[string]string{"password": "hunter2"},
		Data:     true, Ordered: true, Backoff: ppm.DefaultBackoff, Concurrency: 3, PerMinute: 60,
	}
}

func save(t tester, s db.Store, c ppm.Client) int64 {
	t.Helper()
	number, err := s.SaveClient(t.Context(), c, "anna")
	if err != nil {
		t.Fatal("save client:", err)
	}
	return number
}

func client(t tester, s db.Store, number int64) ppm.Client {
	t.Helper()
	all, err := s.Clients(t.Context())
	if err != nil {
		t.Fatal("clients:", err)
	}
	for _, c := range all {
		if c.Number == number {
			return c
		}
	}
	t.Fatalf("there is no client %d among %+v", number, all)
	return ppm.Client{}
}

func clientIsKept(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	want := Client("CRM")
	want.Number = save(t, s, want)
	plain := ppm.Client{Name: "Büro 2", Kind: ppm.Folder, Backoff: ppm.DefaultBackoff, Concurrency: 1}
	plain.Number = save(t, s, plain)
	plain.Settings, plain.Secrets = json.RawMessage(`{}`), map[string]string{}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = e.open(t, dir)
	got, err := s.Clients(t.Context())
	if err != nil || len(got) != 2 {
		t.Fatalf("clients %+v, %v; want two", got, err)
	}
	for i, want := range []ppm.Client{want, plain} {
		if time.Since(got[i].Created).Abs() > time.Minute || got[i].Created.Location() != time.UTC {
			t.Errorf("client %d was created %s", i, got[i].Created)
		}
		if want.Created = got[i].Created; !reflect.DeepEqual(got[i], want) {
			t.Errorf("kept %+v, want %+v", got[i], want)
		}
	}
	lastAction(t, s, "client added", "Büro 2", "kind folder")
}

func clientIsChanged(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	c := Client("CRM")
	c.Number = save(t, s, c)
	if err := s.HoldClient(t.Context(), c.Number, true, "anna"); err != nil {
		t.Fatal(err)
	}
	before := client(t, s, c.Number)

	c.Held, c.Waiting, c.Failing, c.Created = false, 99, 99, time.Time{} // not what is saved
	if n := save(t, s, c); n != c.Number {
		t.Errorf("saved as %d, it is %d", n, c.Number)
	}
	if after := client(t, s, c.Number); !reflect.DeepEqual(after, before) {
		t.Errorf("saving what was there changed it to %+v from %+v", after, before)
	}
	if got := actions(t, s, ""); len(got) != 2 {
		t.Errorf("saving what was there is in the audit log: %+v", got)
	}

	c.Name, c.Settings = "crm 2", json.RawMessage(`{ "timeout": "30s", "url": "https://crm.example/other", "body": {"a": 1} }`)
	c.Secrets = map[string]string{"token": "t0ps3cret"}
	c.Data, c.Ordered, c.Concurrency, c.PerMinute, c.Backoff.Longest = false, false, 5, 0, 2*time.Hour
	save(t, s, c)
	after := client(t, s, c.Number)
	c.Held, c.Created, c.ClientHealth = true, before.Created, before.ClientHealth
	if !reflect.DeepEqual(after, c) {
		t.Errorf("changed to %+v, want %+v", after, c)
	}
	lastAction(t, s, "client changed", "crm 2", "name changed from CRM, body added, url changed, password removed, token added, "+
		"application's data off, order off, back-off changed, concurrency changed from 3 to 5, attempts a minute changed from 60 to 0")
}

func namesAreUnique(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	first := save(t, s, Client("Büro"))
	other := Client("Billing")
	other.Number = save(t, s, other)
	for _, name := range []string{"Büro", "BÜRO", "billing"} {
		if _, err := s.SaveClient(t.Context(), Client(name), "anna"); !errors.Is(err, db.ErrExists) {
			t.Errorf("a second client %s: %v, want ErrExists", name, err)
		}
	}
	other.Name = "bürO"
	if _, err := s.SaveClient(t.Context(), other, "anna"); !errors.Is(err, db.ErrExists) {
		t.Errorf("another one renamed %s: %v, want ErrExists", other.Name, err)
	}
	other.Name = "BILLING"
	save(t, s, other) // its own
	if err := s.RemoveClient(t.Context(), first, "anna"); err != nil {
		t.Fatal(err)
	}
	if again := save(t, s, Client("BÜRO")); again == first {
		t.Error("the number of a removed client was given out again")
	}
	for _, name := range []string{"", " x", "a/b", strings.Repeat("x", 65)} {
		if _, err := s.SaveClient(t.Context(), Client(name), "anna"); err == nil {
			t.Errorf("a client was named %q", name)
		}
	}
}

func clientIsHeld(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	n := save(t, s, Client("CRM"))
	for _, tt := range []struct {
		held bool
		what string
	}{{true, "client held"}, {true, "client held"}, {false, "client resumed"}, {false, "client resumed"}} {
		if err := s.HoldClient(t.Context(), n, tt.held, "anna"); err != nil {
			t.Fatal(err)
		}
		if got := client(t, s, n).Held; got != tt.held {
			t.Errorf("after %s, held is %v", tt.what, got)
		}
		lastAction(t, s, tt.what, "CRM", "")
	}
	if got := actions(t, s, "CRM"); len(got) != 3 { // one for each change
		t.Errorf("the audit log has %+v", got)
	}
}

func clientIsRemoved(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	n := save(t, s, Client("CRM"))
	other := save(t, s, Client("Billing"))
	ended := subscribe(t, s, ppm.Subscription{Client: n})
	kept := subscribe(t, s, ppm.Subscription{Client: other})
	if err := s.HoldClient(t.Context(), n, true, "anna"); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveClient(t.Context(), n, "anna"); err != nil {
		t.Fatal(err)
	}
	lastAction(t, s, "client removed", "CRM", "")
	c := client(t, s, n)
	if c.Removed == nil || time.Since(*c.Removed).Abs() > time.Minute || len(c.Secrets) != 0 || c.Held {
		t.Errorf("removed, it is %+v; want neither secrets nor held, or what waits would wait for ever", c)
	}
	if got := subscriptions(t, s); len(got) != 1 || got[0] != kept {
		t.Errorf("in force are %+v, want %+v", got, kept)
	}
	if rules, err := s.Rules(t.Context(), ended.Number); err != nil || len(rules) != 1 {
		t.Errorf("the rules of a removed client's subscription: %+v, %v", rules, err)
	}
	for name, err := range map[string]error{
		"hold":         s.HoldClient(t.Context(), n, true, "anna"),
		"remove":       s.RemoveClient(t.Context(), n, "anna"),
		"subscribe":    second(s.SaveSubscription(t.Context(), ppm.Subscription{Client: n}, "anna")),
		"another rule": second(s.SaveSubscription(t.Context(), ppm.Subscription{Number: ended.Number, Client: n, Rule: ppm.Rule{Type: "x"}}, "anna")),
		"save":         second(s.SaveClient(t.Context(), ppm.Client{Number: n, Name: "again"}, "anna")),
	} {
		if !errors.Is(err, db.ErrNotFound) {
			t.Errorf("%s a removed client: %v, want ErrNotFound", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func unknownClients(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	n := save(t, s, Client("CRM"))
	other := save(t, s, Client("Billing"))
	u := subscribe(t, s, ppm.Subscription{Client: n})
	ctx := t.Context()
	for name, err := range map[string]error{
		"hold":                        s.HoldClient(ctx, 99, true, "anna"),
		"hold the API":                s.HoldClient(ctx, ppm.ClearmatchAPI, true, "anna"),
		"remove":                      s.RemoveClient(ctx, 99, "anna"),
		"remove the API":              s.RemoveClient(ctx, ppm.ClearmatchAPI, "anna"),
		"save":                        second(s.SaveClient(ctx, ppm.Client{Number: 99, Name: "x"}, "anna")),
		"subscribe":                   second(s.SaveSubscription(ctx, ppm.Subscription{Client: 99}, "anna")),
		"subscribe the API":           second(s.SaveSubscription(ctx, ppm.Subscription{}, "anna")),
		"change a subscription":       second(s.SaveSubscription(ctx, ppm.Subscription{Number: 99, Client: n}, "anna")),
		"move a subscription":         second(s.SaveSubscription(ctx, ppm.Subscription{Number: u.Number, Client: other}, "anna")),
		"remove a subscription":       s.RemoveSubscription(ctx, 99, "anna"),
		"the rules of a subscription": second(s.Rules(ctx, 99)),
	} {
		if !errors.Is(err, db.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	if got := actions(t, s, ""); len(got) != 3 {
		t.Errorf("what was refused is in the audit log: %+v", got)
	}
}
