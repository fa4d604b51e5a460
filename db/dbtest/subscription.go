package dbtest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"processmanager/db"
	"processmanager/ppm"
)

var subscriptionTests = tests{
	"SubscriptionsKeepEveryRule": rulesAreKept,
}

func subscribe(t tester, s db.Store, u ppm.Subscription) ppm.Subscription {
	t.Helper()
	saved, err := s.SaveSubscription(t.Context(), u, "anna")
	if err != nil {
		t.Fatal("save subscription:", err)
	}
	return saved
}

func subscriptions(t *testing.T, s db.Store) []ppm.Subscription {
	t.Helper()
	all, err := s.Subscriptions(t.Context())
	if err != nil {
		t.Fatal("subscriptions:", err)
	}
	return all
}

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
