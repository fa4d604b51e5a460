package ui

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"processmanager/ppm"
)

func TestTheSearchBoxIsUnderstood(t *testing.T) {
	now := time.Date(2026, 11, 23, 15, 30, 0, 0, time.Local)
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.Local) }
	clients := []Client{
		{Client: ppm.Client{Number: 1, Name: "Loan book", Removed: &now}}, {Client: ppm.Client{Number: 2, Name: "CRM"}}, {Client: ppm.Client{Number: 3, Name: "Loan book"}},
	}
	for typed, want := range map[string]ppm.Query{
		"":                              {},
		"  A056035  ":                   {Words: []string{"A056035"}},
		"offer accepted -test":          {Words: []string{"offer", "accepted"}, Without: []string{"test"}},
		`"offer accepted" -"not this"`:  {Words: []string{"offer accepted"}, Without: []string{"not this"}},
		"client:crm status:FAILED":      {Client: 2, Status: ppm.Failed},
		`client:"loan BOOK" type:batch`: {Client: 3, Type: "batch"},
		"application:A05 is:needs-you":  {Application: "A05", NeedsYou: true},
		"is:held is:again":              {Held: true, Again: true},
		"since:today":                   {Since: day(23)},
		"since:yesterday":               {Since: day(22)},
		"since:2026-11-03":              {Since: day(3)},
		"since:24h":                     {Since: now.Add(-24 * time.Hour)},
		"since:7d":                      {Since: now.Add(-7 * 24 * time.Hour)},
		"http://x.example a:b":          {Words: []string{"http://x.example", "a:b"}},
		"- status:":                     {Words: []string{"-"}},
	} {
		got, err := queryOf(termsOf(typed), clients, now)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q = %+v, %v; want %+v", typed, got, err, want)
		}
		if again := termsOf(typedAs(termsOf(typed))); !reflect.DeepEqual(again, termsOf(typed)) {
			t.Errorf("%q does not stay what it is when it is written again: %q", typed, typedAs(termsOf(typed)))
		}
	}
	for typed, want := range map[string]string{
		"client:nobody": "there is none", "status:odd": "queued, complete or failed", "is:odd": "needs-you, again or held",
		"since:soon": "give a day", "-status:failed": "only words can be left out", "since:-3d": "give a day",
	} {
		if _, err := queryOf(termsOf(typed), clients, now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", typed, err, want)
		}
	}
}
