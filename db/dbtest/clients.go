package dbtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"processmanager/db"
	"processmanager/ppm"
)

var clientTests = map[string]func(*testing.T, Engine){
	"AClientIsKeptAsItWasSaved":                clientIsKept,
	"SavingAClientChangesWhatIsSavedAndNoMore": clientIsChanged,
	"NamesOfClientsAreTakenOnce":               namesAreUnique,
	"AClientIsHeldAndResumed":                  clientIsHeld,
	"ARemovedClientIsKeptWithoutItsSecrets":    clientIsRemoved,
	"SubscriptionsKeepEveryRule":               rulesAreKept,
	"UnknownClientsAndSubscriptions":           unknownClients,
	"SecretsStayOutOfErrorsAndTheAuditLog":     secretsStaySecret,
	"TheAuditLogIsReadInPages":                 auditLog,
	"ABackupHoldsClientsAndActions":            clientsInABackup,
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

func save(t *testing.T, s db.Store, c ppm.Client) int64 {
	t.Helper()
	number, err := s.SaveClient(t.Context(), c, "anna")
	if err != nil {
		t.Fatal("save client:", err)
	}
	return number
}

func subscribe(t *testing.T, s db.Store, u ppm.Subscription) ppm.Subscription {
	t.Helper()
	saved, err := s.SaveSubscription(t.Context(), u, "anna")
	if err != nil {
		t.Fatal("save subscription:", err)
	}
	return saved
}

func client(t *testing.T, s db.Store, number int64) ppm.Client {
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

func subscriptions(t *testing.T, s db.Store) []ppm.Subscription {
	t.Helper()
	all, err := s.Subscriptions(t.Context())
	if err != nil {
		t.Fatal("subscriptions:", err)
	}
	return all
}

// actions returns the audit log, newest first.
func actions(t *testing.T, s db.Store, about string) []ppm.Action {
	t.Helper()
	all, err := s.Actions(t.Context(), about, 0, 1000)
	if err != nil {
		t.Fatal("actions:", err)
	}
	return all
}

// lastAction checks the newest action.
func lastAction(t *testing.T, s db.Store, what, about, details string) {
	t.Helper()
	all := actions(t, s, "")
	if len(all) == 0 {
		t.Fatal("nothing is in the audit log, want", what)
	}
	a := all[0]
	if a.What != what || a.About != about || a.Details != details || a.By != "anna" || time.Since(a.At).Abs() > time.Minute {
		t.Errorf("the newest action is %+v; want %s, about %s: %q", a, what, about, details)
	}
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

// rulesAreKept saves and removes subscriptions at random, and compares with
// what a list of all that was done says.
func rulesAreKept(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	clients := []int64{save(t, s, Client("CRM")), save(t, s, Client("Billing"))}
	inForce := map[int64]ppm.Subscription{}
	rules := map[int64][]ppm.Rule{}
	var lastRule int64
	word := rapid.SampledFrom([]string{"", "batchApplicationStatusChange", "Posted", `application.status == "Posted"`})
	rapid.Check(t, func(t *rapid.T) {
		u := ppm.Subscription{Client: rapid.SampledFrom(clients).Draw(t, "client"), Rule: ppm.Rule{
			Type: word.Draw(t, "type"), Event: word.Draw(t, "event"), Partner: word.Draw(t, "partner"), When: word.Draw(t, "when")}}
		present := slices.Sorted(maps.Keys(inForce))
		if len(present) > 0 {
			u.Number = rapid.SampledFrom(append(present, 0)).Draw(t, "subscription")
		}
		if u.Number != 0 && rapid.IntRange(0, 4).Draw(t, "remove") == 0 {
			if err := s.RemoveSubscription(t.Context(), u.Number, "anna"); err != nil {
				t.Fatal(err)
			}
			delete(inForce, u.Number)
			return
		}
		if u.Number != 0 {
			u.Client = inForce[u.Number].Client
		}
		saved, err := s.SaveSubscription(t.Context(), u, "anna")
		if err != nil {
			t.Fatal(err)
		}
		old := inForce[saved.Number]
		same := u.Number != 0 && ppm.Rule{Type: u.Type, Event: u.Event, Partner: u.Partner, When: u.When} ==
			ppm.Rule{Type: old.Type, Event: old.Event, Partner: old.Partner, When: old.When}
		switch {
		case same && saved != old:
			t.Fatalf("the same rule again gave %+v, want %+v", saved, old)
		case !same && saved.Rule.Number != lastRule+1:
			t.Fatalf("rule %d came after %d", saved.Rule.Number, lastRule)
		case u.Number != 0 && saved.Number != u.Number, saved.Number == 0:
			t.Fatalf("subscription %d was saved as %d", u.Number, saved.Number)
		case saved.Client != u.Client || saved.Type != u.Type || saved.Event != u.Event || saved.Partner != u.Partner || saved.When != u.When:
			t.Fatalf("saved %+v, want %+v", saved, u)
		case time.Since(saved.Since).Abs() > time.Minute:
			t.Fatalf("in force since %s", saved.Since)
		}
		if !same {
			lastRule = saved.Rule.Number
			rules[saved.Number] = append(rules[saved.Number], saved.Rule)
		}
		inForce[saved.Number] = saved
	})
	var want []ppm.Subscription
	for _, n := range slices.Sorted(maps.Keys(inForce)) {
		want = append(want, inForce[n])
	}
	if got := subscriptions(t, s); !slices.Equal(got, want) {
		t.Errorf("in force are %+v, want %+v", got, want)
	}
	for n, want := range rules {
		if got, err := s.Rules(t.Context(), n); err != nil || !slices.Equal(got, want) {
			t.Errorf("subscription %d has had %+v, %v; want %+v", n, got, err, want)
		}
	}
	u := subscribe(t, s, ppm.Subscription{Client: clients[0], Rule: ppm.Rule{Type: "x", When: "y > 1"}})
	lastAction(t, s, "subscription added", "CRM", fmt.Sprintf("subscription %d, rule %d, type x, when y > 1", u.Number, u.Rule.Number))
	u.Rule = ppm.Rule{}
	u = subscribe(t, s, u)
	details := fmt.Sprintf("subscription %d, rule %d, everything", u.Number, u.Rule.Number)
	lastAction(t, s, "subscription changed", "CRM", details)
	if err := s.RemoveSubscription(t.Context(), u.Number, "anna"); err != nil {
		t.Fatal(err)
	}
	lastAction(t, s, "subscription removed", "CRM", details)
}

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

func secretsStaySecret(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	const secret = "s3cr3t-canary"
	var said []string
	c := Client("CRM")
	c.Secrets, c.Settings = map[string]string{"password": secret + "1"}, json.RawMessage(`{"url":"https://x/?key=`+secret+`"}`)
	c.Number = save(t, s, c)
	c.Secrets, c.Settings = map[string]string{"password": secret + "2"}, json.RawMessage(`{"url":"https://y/?key=`+secret+`"}`)
	save(t, s, c)
	lastAction(t, s, "client changed", "CRM", "url changed, password changed")
	c.Settings = json.RawMessage(`{"url":"` + secret)
	c.Name = "CRM 2"
	_, broken := s.SaveClient(t.Context(), c, "anna")
	c.Settings = json.RawMessage(`["` + secret + `"]`)
	_, array := s.SaveClient(t.Context(), c, "anna")
	c.Settings, c.Number = json.RawMessage(`{}`), 99
	_, unknown := s.SaveClient(t.Context(), c, "anna")
	c.Name, c.Number = "crm", 0
	_, taken := s.SaveClient(t.Context(), c, "anna")
	for _, err := range []error{broken, array, unknown, taken} {
		if err == nil {
			t.Error("a client was saved that should have been refused")
			continue
		}
		said = append(said, err.Error())
	}
	for _, a := range actions(t, s, "") {
		said = append(said, fmt.Sprint(a))
	}
	shown, err := json.Marshal(client(t, s, 1))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(shown), secret+"2") {
		t.Errorf("a client shows its secret: %s", shown)
	}
	for _, text := range said {
		if strings.Contains(text, secret) {
			t.Errorf("a secret is in %q", text)
		}
	}
}

func auditLog(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	at := time.Date(2026, 11, 23, 9, 0, 0, 123456000, time.UTC)
	for i := range 25 {
		a := ppm.Action{At: at.Add(time.Duration(i) * time.Second), By: "anna", What: "retried", About: []string{"CRM", "A056035"}[i%2], Details: fmt.Sprint(i)}
		if err := s.Audit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = e.open(t, dir)
	for about, step := range map[string]int{"": 1, "CRM": 2, "nobody": 0} {
		var got []string
		for before := int64(0); ; {
			page, err := s.Actions(t.Context(), about, before, 4)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, a := range page {
				if before != 0 && a.Number >= before || a.By != "anna" || a.What != "retried" {
					t.Errorf("after action %d comes %+v", before, a)
				}
				before = a.Number
				got = append(got, a.Details)
			}
		}
		var want []string
		for i := 24; i >= 0 && step > 0; i -= step {
			want = append(want, fmt.Sprint(i))
		}
		if !slices.Equal(got, want) {
			t.Errorf("about %q are %v, want %v", about, got, want)
		}
	}
	if a := actions(t, s, "")[0]; !a.At.Equal(at.Add(24*time.Second)) || a.About != "CRM" {
		t.Errorf("the newest is %+v", a)
	}
}

func clientsInABackup(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	n := save(t, s, Client("CRM"))
	subscribe(t, s, ppm.Subscription{Client: n, Rule: ppm.Rule{Type: "x"}})
	backup := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), backup, nil); err != nil {
		t.Fatal("backup:", err)
	}
	dir := t.TempDir()
	if err := e.Restore(dir, backup); err != nil {
		t.Fatal("restore:", err)
	}
	restored := e.open(t, dir)
	if got, want := client(t, restored, n), client(t, s, n); !reflect.DeepEqual(got, want) {
		t.Errorf("restored %+v, want %+v", got, want)
	}
	if got, want := subscriptions(t, restored), subscriptions(t, s); !slices.Equal(got, want) {
		t.Errorf("restored %+v, want %+v", got, want)
	}
	if got, want := actions(t, restored, ""), actions(t, s, ""); !slices.Equal(got, want) {
		t.Errorf("restored %+v, want %+v", got, want)
	}
}
