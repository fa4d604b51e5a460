package pipeline

import (
	"fmt"
	"log/slog"
	"strings"

	"processmanager/ppm"
	"processmanager/rule"
)

// A choice is who wants what: the clients there are and their rules, compiled.
// It does not change.
type choice struct {
	clients []chooser
	fetches bool // the application's data is there, or comes
}

// A chooser is a client and the rules of its subscriptions.
type chooser struct {
	ppm.Client
	rules []*rule.Rule
}

func newChoice(clients []ppm.Client, subscriptions []ppm.Subscription, fetches bool, log *slog.Logger) *choice {
	c := &choice{fetches: fetches}
	for _, client := range clients {
		if client.Removed != nil {
			continue
		}
		one := chooser{Client: client}
		for _, s := range subscriptions {
			if s.Client == client.Number {
				one.rules = append(one.rules, compiled(s.Rule, client.Name, log))
			}
		}
		c.clients = append(c.clients, one)
	}
	return c
}

// compiled returns a rule that was checked when it was saved; an older version
// of this program may have seen it otherwise.
func compiled(r ppm.Rule, client string, log *slog.Logger) *rule.Rule {
	compiled, err := rule.Compile(r)
	if err != nil {
		log.Error("a rule cannot be applied; what it would decide gives up until it is mended", "client", client, "rule", r.Number, "err", err)
		return rule.Unusable(r, err)
	}
	return compiled
}

// decide says for each client whether it wants n. With data nil, and data still
// to come, it says who must wait for it.
func (c *choice) decide(n ppm.Record, data *rule.Data) []ppm.Decision {
	decisions := make([]ppm.Decision, len(c.clients))
	for i, client := range c.clients {
		decisions[i] = client.decide(n, data, c.fetches)
	}
	return decisions
}

// decide says whether the client wants n: it does if any of its rules do.
func (c chooser) decide(n ppm.Record, data *rule.Data, fetches bool) ppm.Decision {
	d := ppm.Decision{Client: c.Number, Outcome: ppm.Unwanted, Reason: "it has no subscription"}
	var against []string
	for i, r := range c.rules {
		outcome, reason := r.Wants(n, data)
		if outcome == ppm.Undecided && !fetches {
			outcome, reason = ppm.Unwanted, fmt.Sprintf("the application's data is not fetched: no API is configured (rule %d)", r.Number)
		}
		if outcome == ppm.Unwanted {
			against = append(against, reason)
		}
		if i == 0 || weight[outcome] > weight[d.Outcome] {
			d.Outcome, d.Reason, d.Rule = outcome, reason, r.Number
		}
	}
	switch {
	case d.Outcome == ppm.Unwanted && len(against) > 1:
		d.Reason, d.Rule = strings.Join(against, "; "), 0
	case d.Outcome == ppm.Wanted && c.Data && data == nil && fetches:
		d.Outcome, d.Reason = ppm.Undecided, d.Reason+" wants it with the application's data"
	}
	return d
}

// weight says which of several rules' outcomes counts: one that wants it, then
// one that may, then one that could not be applied.
var weight = map[ppm.Outcome]int{ppm.Unwanted: 0, ppm.Undecidable: 1, ppm.Undecided: 2, ppm.Wanted: 3}
