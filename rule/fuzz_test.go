package rule_test

import (
	"errors"
	"testing"
	"time"

	"processmanager/ppm"
	"processmanager/rule"
)

// Whatever is written as an expression and whatever the data is, there is an
// answer, soon.
func FuzzRule(f *testing.F) {
	for _, when := range []string{
		`application.amount > 5000 && application.status == "Posted"`, `any(application.parties, .age > 18)`, `application?.a?.b ?? 5`,
		`let x = application.a; x in [1, 2.5, "c"]`, `if application.a { 1 > 2 } else { 2 ** 3 == 8 }`, `application.a matches "^(a|b)*$"`,
		`application[notification.id] | lower() == "x"`, `none(filter(application, # % 2 == 1), {# == 1})`, `1 < application.x <= 5`,
		"`a` + 'b' == \"c\" // why", `not (-application.a in application)`, `min(application) ?: true`, `sum(map(application, len(#))) == 0x10`,
	} {
		f.Add(when, application)
		f.Add(when, `[1, [2, "x"], {"a": null}, 1e400, -0]`)
	}
	f.Fuzz(func(t *testing.T, when, data string) {
		if len(data) > 10_000 {
			return
		}
		began := time.Now()
		r, err := rule.Compile(ppm.Rule{Number: 7, When: when})
		if err != nil {
			var e *rule.Error
			if !errors.As(err, &e) || e.Error() == "" {
				t.Fatalf("%q: %v", when, err)
			}
			return
		}
		for _, d := range []*rule.Data{nil, rule.NewData([]byte(data))} {
			outcome, reason := r.Wants(posted, d)
			switch {
			case reason == "":
				t.Errorf("%q: no reason", when)
			case outcome == ppm.Undecided && (d != nil || !r.NeedsData()):
				t.Errorf("%q waits for nothing", when)
			case len([]rune(reason)) > 520:
				t.Errorf("%q: %s", when, reason)
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%q took %s", when, took)
		}
	})
}
