package pipeline_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"processmanager/pipeline"
	"processmanager/ppm"
	"processmanager/rule"
)

// amounts has the platform answer with the amount that is the application's name.
func amounts(p *platform) {
	p.answers(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"amount":%s}`, r.URL.Path[len("/v1/"):])
	})
}

func TestEachMemberOfARuleChoosesAndEachDecisionSaysWhy(t *testing.T) {
	p, sink := newPlatform(t), newSink(t)
	amounts(p)
	h := newHouse(t, p.api(t))
	h.start()
	for _, tt := range []struct {
		name string
		rule ppm.Rule
		says string // where it does not want it; "": it does
	}{
		{"all", ppm.Rule{}, ""},
		{"type", ppm.Rule{Type: "statusChange"}, ""},
		{"other type", ppm.Rule{Type: "StatusChange"}, "notificationType is statusChange, not StatusChange"},
		{"event", ppm.Rule{Event: "Posted"}, ""},
		{"other event", ppm.Rule{Event: "Funded"}, "Funded"},
		{"partner", ppm.Rule{Partner: "P1"}, ""},
		{"other partner", ppm.Rule{Partner: "P2"}, "P2"},
		{"all members", ppm.Rule{Type: "statusChange", Event: "Posted", Partner: "P1", When: "application.amount >= 4000"}, ""},
		{"all but one", ppm.Rule{Type: "statusChange", Event: "Posted", Partner: "P1", When: "application.amount > 4000"}, "application.amount 4000 is not over 4000"},
		{"about the notification", ppm.Rule{When: `notification.id == "4000"`}, ""},
		{"no such member", ppm.Rule{When: "application.purpose == \"car\""}, "application.purpose"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := h.client(tt.name, sink.URL, nil, tt.rule)
			r := h.accept(notification("4000", "Posted", p.at("4000")+"?"+fmt.Sprint(c.Number))) // another notification each time
			h.becomes(ppm.Delivered, r, ppm.ClearmatchAPI)
			want := ppm.Delivered
			if tt.says != "" {
				want = ppm.NotWanted
			}
			d := h.becomes(want, r, c.Number)
			if d.Rule == 0 || !strings.Contains(d.Reason, fmt.Sprintf("rule %d", d.Rule)) || !strings.Contains(d.Reason, tt.says) {
				t.Errorf("%s by rule %d because %q; want %q", d.State, d.Rule, d.Reason, tt.says)
			}
		})
	}
}

func TestAChangedRuleDecidesOnlyAboutWhatComesAfterIt(t *testing.T) {
	h, sink := newHouse(t, nil), newSink(t)
	c := h.client("crm", sink.URL, nil, ppm.Rule{Event: "Posted"})
	h.start()
	first := h.accept(notification("A1", "Posted", ""))
	before := h.becomes(ppm.Delivered, first, c.Number)
	subscriptions, err := h.Subscriptions(t.Context())
	check(t, err)
	changed := subscriptions[0]
	changed.Event = "Funded"
	changed = h.subscribe(changed)
	second, third := h.accept(notification("A2", "Posted", "")), h.accept(notification("A2", "Funded", ""))
	against, in := h.becomes(ppm.NotWanted, second, c.Number), h.becomes(ppm.Delivered, third, c.Number)
	if before.Rule == changed.Rule.Number || against.Rule != changed.Rule.Number || in.Rule != changed.Rule.Number {
		t.Errorf("decided by rules %d, %d, %d; the new one is %d", before.Rule, against.Rule, in.Rule, changed.Rule.Number)
	}
	if now := h.delivery(first, c.Number); now != before {
		t.Errorf("what was decided before is now %+v, and was %+v", now, before)
	}
	rules, err := h.Rules(t.Context(), changed.Number)
	check(t, err)
	if len(rules) != 2 || rules[0].Event != "Posted" || rules[1].Event != "Funded" || !rules[1].Since.After(rules[0].Since) {
		t.Errorf("its rules have been %+v", rules)
	}
	check(t, h.RemoveSubscription(t.Context(), changed.Number, "tester"))
	last := h.accept(notification("A3", "Funded", ""))
	if d := h.becomes(ppm.NotWanted, last, c.Number); d.Reason != "it has no subscription" {
		t.Errorf("without a subscription: %q", d.Reason)
	}
}

// try applies a rule to the past and returns what it comes to, by application.
func (h *house) try(s ppm.Subscription, since time.Time) map[string]pipeline.Trial {
	h.Helper()
	trials := map[string]pipeline.Trial{}
	check(h.T, pipeline.TryRule(h.Context(), h.Store, s, since, func(t pipeline.Trial) error {
		trials[t.Application] = t
		return nil
	}))
	return trials
}

func TestATrialTellsWhatARuleWouldChooseBesideTheOneInForce(t *testing.T) {
	p, sink := newPlatform(t), newSink(t)
	amounts(p)
	h := newHouse(t, p.api(t))
	c := h.client("crm", sink.URL, nil, ppm.Rule{When: "application.amount > 5000"})
	h.start()
	receipts := map[string]ppm.Receipt{}
	for _, amount := range []string{"3000", "4000", "6000"} {
		receipts[amount] = h.accept(notification(amount, "Posted", p.at(amount)))
		h.becomes(ppm.Delivered, receipts[amount], ppm.ClearmatchAPI)
	}
	h.settled()
	p.says(404, "")
	receipts["9000"] = h.accept(notification("9000", "Posted", p.at("9000"))) // not fetched
	h.becomes(ppm.GaveUp, receipts["9000"], c.Number)
	subscriptions, err := h.Subscriptions(t.Context())
	check(t, err)
	changed := subscriptions[0]
	changed.When = "application.amount > 3500 && application.amount < 6000"
	counts, err := h.Counts(t.Context())
	check(t, err)
	for _, tt := range []struct {
		name string
		s    ppm.Subscription
		want map[string][2]bool // whether it is wanted, and was
	}{
		{"in the place of the one in force", changed,
			map[string][2]bool{"3000": {false, false}, "4000": {true, false}, "6000": {false, true}, "9000": {false, false}}},
		{"of its own", ppm.Subscription{Client: c.Number, Rule: ppm.Rule{When: "application.amount < 5000"}},
			map[string][2]bool{"3000": {true, false}, "4000": {true, false}, "6000": {false, true}, "9000": {false, false}}},
		{"that needs no data", ppm.Subscription{Client: c.Number, Rule: ppm.Rule{Event: "Posted"}},
			map[string][2]bool{"3000": {true, false}, "4000": {true, false}, "6000": {true, true}, "9000": {true, false}}},
	} {
		trials := h.try(tt.s, time.Time{})
		for application, want := range tt.want {
			got, looked := trials[application]
			if !looked || got.Wanted != want[0] || got.Was != want[1] || got.Receipt != receipts[application] || got.Reason == "" {
				t.Errorf("a rule %s: %s wanted %t, was %t, because %q; want %v", tt.name, application, got.Wanted, got.Was, got.Reason, want)
			}
		}
		if len(trials) != len(tt.want) {
			t.Errorf("a rule %s: %d were looked at", tt.name, len(trials))
		}
	}
	if r := h.try(changed, time.Time{})["6000"].Reason; !strings.Contains(r, "application.amount 6000 is not under 6000") {
		t.Errorf("6000 would not be wanted because %q", r)
	}
	if trials := h.try(changed, h.detail(receipts["6000"]).ReceivedAt); len(trials) != 2 {
		t.Errorf("since the third: %d were looked at", len(trials))
	}
	if now, err := h.Counts(t.Context()); err != nil || now != counts {
		t.Errorf("the trial has changed something: %+v, %v", now, err)
	}
	// What it said is what then happens to the like of it.
	amounts(p)
	trials := h.try(changed, time.Time{})
	h.subscribe(changed)
	for _, amount := range []string{"3000", "4000", "6000"} {
		r := h.accept(notification(amount, "Posted", p.at(amount)+"?again"))
		state := ppm.NotWanted
		if trials[amount].Wanted {
			state = ppm.Delivered
		}
		h.becomes(state, r, c.Number)
	}
}

func TestATrialThatCannotBeMadeSaysWhy(t *testing.T) {
	h, sink := newHouse(t, nil), newSink(t)
	c := h.client("crm", sink.URL, nil)
	h.start()
	h.becomes(ppm.Delivered, h.accept(notification("A1", "Posted", "")), c.Number)
	stop := errors.New("enough")
	try := func(s ppm.Subscription) error {
		return pipeline.TryRule(t.Context(), h.Store, s, time.Time{}, func(pipeline.Trial) error { return stop })
	}
	var wrong *rule.Error
	if err := try(ppm.Subscription{Client: c.Number, Rule: ppm.Rule{When: "notifcation.id == 1"}}); !errors.As(err, &wrong) {
		t.Errorf("a misspelt rule: %v", err)
	}
	for says, s := range map[string]ppm.Subscription{
		"no subscription 99": {Number: 99}, "no client 99": {Client: 99}, "enough": {Client: c.Number},
	} {
		if err := try(s); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %s", s, err, says)
		}
	}
}
