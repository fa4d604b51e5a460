package pipeline

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"processmanager/ppm"
	"processmanager/rule"
)

func TestWhoWantsWhatAndWhy(t *testing.T) {
	n := ppm.Record{Notification: ppm.Notification{Application: "A1", Type: "statusChange", Event: "Posted"}}
	data := rule.NewData([]byte(`{"amount":4000}`))
	posted := ppm.Rule{Number: 1, Event: "Posted"}
	large := ppm.Rule{Number: 7, When: "application.amount > 5000"}
	for _, tt := range []struct {
		name    string
		client  ppm.Client
		rules   []ppm.Rule
		data    *rule.Data
		fetches bool
		want    ppm.Outcome
		says    string
	}{
		{"no subscription", ppm.Client{}, nil, nil, true, ppm.Unwanted, "no subscription"},
		{"a rule that fits", ppm.Client{}, []ppm.Rule{posted}, nil, true, ppm.Wanted, "rule 1"},
		{"one of two", ppm.Client{}, []ppm.Rule{large, posted}, data, true, ppm.Wanted, "rule 1"},
		{"needs the data", ppm.Client{}, []ppm.Rule{large}, nil, true, ppm.Undecided, "rule 7"},
		{"one fits whatever the data says", ppm.Client{}, []ppm.Rule{large, posted}, nil, true, ppm.Wanted, "rule 1"},
		{"not with this data", ppm.Client{}, []ppm.Rule{large}, data, true, ppm.Unwanted, "application.amount 4000 is not over 5000 (rule 7)"},
		{"no API", ppm.Client{}, []ppm.Rule{large}, nil, false, ppm.Unwanted, "no API is configured (rule 7)"},
		{"wants the data along", ppm.Client{Data: true}, []ppm.Rule{posted}, nil, true, ppm.Undecided, "with the application's data"},
		{"has the data along", ppm.Client{Data: true}, []ppm.Rule{posted}, data, true, ppm.Wanted, "rule 1"},
		{"wants data that nobody fetches", ppm.Client{Data: true}, []ppm.Rule{posted}, nil, false, ppm.Wanted, "rule 1"},
		{"cannot be compared", ppm.Client{}, []ppm.Rule{{Number: 3, When: "application.amount > 5"}}, rule.NewData([]byte(`{"amount":"much"}`)), true, ppm.Undecidable, "rule 3"},
		{"both say no", ppm.Client{}, []ppm.Rule{large, {Number: 8, Event: "Funded"}}, data, true, ppm.Unwanted, "(rule 8)"},
	} {
		tt.client.Number, tt.client.Created = 4, time.Now()
		var subscriptions []ppm.Subscription
		for i, r := range tt.rules {
			subscriptions = append(subscriptions, ppm.Subscription{Number: int64(i + 1), Client: 4, Rule: r})
		}
		c := newChoice([]ppm.Client{tt.client}, subscriptions, tt.fetches, slog.New(slog.DiscardHandler))
		d := c.decide(n, tt.data)
		if len(d) != 1 || d[0].Client != 4 || d[0].Outcome != tt.want || !strings.Contains(d[0].Reason, tt.says) {
			t.Errorf("%s: %+v, want %d because %s", tt.name, d, tt.want, tt.says)
		}
	}
}
