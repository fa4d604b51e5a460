package rule_test

import (
	"testing"
	"time"

	"processmanager/ppm"
	"processmanager/rule"
)

// posted is a notification as Clearmatch sends it.
var posted = ppm.Record{
	Receipt: "1042-7KQ2M9XD",
	Notification: ppm.Notification{
		Application: "A056035",
		Type:        "batchApplicationStatusChange",
		Partner:     "ACME",
		Event:       "Application Posted",
		EventTime:   "2017-01-01T00:00:00",
		Content:     "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/A056035",
	},
	ReceivedAt: time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC),
}

// when compiles a rule, number 7, that has only an expression.
func when(t testing.TB, expression string) *rule.Rule {
	t.Helper()
	r, err := rule.Compile(ppm.Rule{Number: 7, When: expression})
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return r
}
