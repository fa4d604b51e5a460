package rule_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"processmanager/ppm"
	"processmanager/rule"
)

func TestMembersMustFitExactly(t *testing.T) {
	for _, tt := range []struct {
		rule    ppm.Rule
		outcome ppm.Outcome
		reason  string
	}{
		{ppm.Rule{}, ppm.Wanted, "rule 7"},
		{ppm.Rule{Type: "batchApplicationStatusChange", Event: "Application Posted", Partner: "ACME"}, ppm.Wanted, "rule 7"},
		{ppm.Rule{Type: "listingStatusChange"}, ppm.Unwanted, "notificationType is batchApplicationStatusChange, not listingStatusChange (rule 7)"},
		{ppm.Rule{Type: "batchapplicationstatuschange"}, ppm.Unwanted, "notificationType is batchApplicationStatusChange, not batchapplicationstatuschange (rule 7)"},
		{ppm.Rule{Event: "Draft"}, ppm.Unwanted, `eventDescription is "Application Posted", not Draft (rule 7)`},
		{ppm.Rule{Partner: "ACME "}, ppm.Unwanted, `partnerCode is ACME, not "ACME" (rule 7)`},
		{ppm.Rule{When: " \n"}, ppm.Wanted, "rule 7"},
		// Without the data, but it would not change anything.
		{ppm.Rule{Type: "listingStatusChange", When: "application.amount > 5000"}, ppm.Unwanted, "notificationType is batchApplicationStatusChange, not listingStatusChange (rule 7)"},
	} {
		tt.rule.Number = 7
		r, err := rule.Compile(tt.rule)
		if err != nil {
			t.Fatal(err)
		}
		if outcome, reason := r.Wants(posted, nil); outcome != tt.outcome || reason != tt.reason {
			t.Errorf("%+v: %v, %q; want %v, %q", tt.rule, outcome, reason, tt.outcome, tt.reason)
		}
	}
}

const application = `{
	"status": "Draft", "amount": 4000, "exact": 5000.10, "large": 9007199254740993, "huge": 123456789012345678901234567890,
	"vip": false, "state": "NT", "nothing": null, "text": "abc", "rate": 1e2,
	"borrower": {"name": "Jane Citizen", "age": 30},
	"parties": [{"age": 17, "role": "guarantor"}, {"age": 40, "role": "borrower"}],
	"holey": [{"age": 17}, {}], "tags": ["a", "b"], "sums": [1, 2, 3.5], "empty": []
}`

func TestReasonsSayWhatDecided(t *testing.T) {
	for _, tt := range []struct {
		when    string
		outcome ppm.Outcome
		reason  string
	}{
		{`application.amount > 3999`, ppm.Wanted, `rule 7`},
		{`application.amount > 5000`, ppm.Unwanted, `application.amount 4000 is not over 5000 (rule 7)`},
		{`application.amount >= 5000.50`, ppm.Unwanted, `application.amount 4000 is not at least 5000.50 (rule 7)`},
		{`5000 < application.amount`, ppm.Unwanted, `5000 is not under application.amount 4000 (rule 7)`},
		{`application.exact > 6000`, ppm.Unwanted, `application.exact 5000.10 is not over 6000 (rule 7)`},
		{`application.status == "Posted"`, ppm.Unwanted, `application.status is "Draft", not "Posted" (rule 7)`},
		{`"Posted" == application.status`, ppm.Unwanted, `application.status is "Draft", not "Posted" (rule 7)`},
		{`application.status != "Draft"`, ppm.Unwanted, `application.status is "Draft" (rule 7)`},
		{`application.status == application.state`, ppm.Unwanted, `application.status is "Draft", but application.state is "NT" (rule 7)`},
		{`application.status > "Posted"`, ppm.Unwanted, `application.status "Draft" does not come after "Posted" (rule 7)`},
		{`notification.eventTime >= "2018"`, ppm.Unwanted, `notification.eventTime "2017-01-01T00:00:00" comes before "2018" (rule 7)`},
		{`notification.receivedAt == "2026-01-02T03:04:05Z"`, ppm.Wanted, `rule 7`},
		{`application.vip`, ppm.Unwanted, `application.vip is false (rule 7)`},
		{`not application.vip`, ppm.Wanted, `rule 7`},
		{`!(application.amount == 4000)`, ppm.Unwanted, `application.amount is 4000 (rule 7)`},

		// Of several, the one that decided.
		{`application.status == "Draft" && application.amount > 5000 && application.vip`, ppm.Unwanted, `application.amount 4000 is not over 5000 (rule 7)`},
		{`application.status == "Posted" || application.amount > 5000`, ppm.Unwanted, `application.status is "Draft", not "Posted"; application.amount 4000 is not over 5000 (rule 7)`},
		{`application.status == "Posted" or application.amount < 5000`, ppm.Wanted, `rule 7`},
		{`not (application.status == "Draft" || application.vip)`, ppm.Unwanted, `application.status is "Draft" (rule 7)`},
		{`not (application.status == "Draft" && application.amount < 5000)`, ppm.Unwanted, `application.status is "Draft"; application.amount 4000 is under 5000 (rule 7)`},
		{`application.vip ? true : application.amount > 5000`, ppm.Unwanted, `application.amount 4000 is not over 5000 (rule 7)`},
		{`let limit = application.vip ? 1 : 5000; application.amount > limit`, ppm.Unwanted, `application.amount 4000 is not over limit 5000 (rule 7)`},
		{`1000 < application.amount < 2000`, ppm.Unwanted, `application.amount 4000 is not under 2000 (rule 7)`},

		{`application.state in ["VIC", "NSW"]`, ppm.Unwanted, `application.state "NT" is not in ["VIC", "NSW"] (rule 7)`},
		{`application.state not in ["NT"]`, ppm.Unwanted, `application.state "NT" is in ["NT"] (rule 7)`},
		{`"c" in application.tags`, ppm.Unwanted, `"c" is not in application.tags (rule 7)`},
		{`"amount" in application`, ppm.Wanted, `rule 7`},
		{`application.status contains "Post"`, ppm.Unwanted, `application.status "Draft" does not contain "Post" (rule 7)`},
		{`application.status startsWith "P"`, ppm.Unwanted, `application.status "Draft" does not start with "P" (rule 7)`},
		{`application.status endsWith "ed"`, ppm.Unwanted, `application.status "Draft" does not end with "ed" (rule 7)`},
		{`application.status matches "^P"`, ppm.Unwanted, `application.status "Draft" does not match "^P" (rule 7)`},
		{`lower(application.status) == "posted"`, ppm.Unwanted, `lower(application.status) is "draft", not "posted" (rule 7)`},
		{`any(application.parties, .age > 50)`, ppm.Unwanted, `no element of application.parties fits .age > 50 (rule 7)`},
		{`all(application.parties, .age > 18)`, ppm.Unwanted, `not every element of application.parties fits .age > 18 (rule 7)`},
		{`count(application.parties, .role == "guarantor") > 1`, ppm.Unwanted, `count(application.parties, .role == "guarantor") 1 is not over 1 (rule 7)`},
		{`sum(application.sums) == 6.5 && max(application.sums) == 3.5 && min(4, application.sums) == 1`, ppm.Wanted, `rule 7`},
		{`sum(application.parties, .age) == 57 && len(filter(application.parties, .age > 18)) == 1`, ppm.Wanted, `rule 7`},
		{`application.parties[-1].role == "borrower" && first(application.parties).age == 17`, ppm.Wanted, `rule 7`},

		// Numbers keep their digits.
		{`application.large == 9007199254740993`, ppm.Wanted, `rule 7`},
		{`application.large == 9007199254740992`, ppm.Unwanted, `application.large is 9007199254740993, not 9007199254740992 (rule 7)`},
		{`application.huge < 5`, ppm.Unwanted, `application.huge 123456789012345678901234567890 is not under 5 (rule 7)`},
		{`application.rate == 100`, ppm.Wanted, `rule 7`},

		// What is missing decides only what depends on it.
		{`application.limit > 5000`, ppm.Unwanted, `application.limit is missing (rule 7)`},
		{`application.nothing > 5000`, ppm.Unwanted, `application.nothing is missing (rule 7)`},
		{`not (application.limit > 5000)`, ppm.Unwanted, `application.limit is missing (rule 7)`},
		{`application.limit == 5`, ppm.Unwanted, `application.limit is missing (rule 7)`},
		{`application.limit == nil`, ppm.Wanted, `rule 7`},
		{`application.limit != 5`, ppm.Wanted, `rule 7`},
		{`application.status == nil`, ppm.Unwanted, `application.status is "Draft", not nil (rule 7)`},
		{`application.broker.name == "x"`, ppm.Unwanted, `application.broker is missing (rule 7)`},
		{`application.broker?.name == nil`, ppm.Wanted, `rule 7`},
		{`(application.limit ?? 10) > 5`, ppm.Wanted, `rule 7`},
		{`(application.broker.limit ?? 10) > 5`, ppm.Wanted, `rule 7`},
		{`application.limit > 5 || application.amount > 5`, ppm.Wanted, `rule 7`},
		{`application.limit > 5 || application.vip`, ppm.Unwanted, `application.limit is missing; application.vip is false (rule 7)`},
		{`application.limit > 5 && application.vip`, ppm.Unwanted, `application.vip is false (rule 7)`},
		{`application.limit > 5 && application.amount > 5`, ppm.Unwanted, `application.limit is missing (rule 7)`},
		{`application.limit`, ppm.Unwanted, `application.limit is missing (rule 7)`},
		{`application.tags[5] == "x"`, ppm.Unwanted, `application.tags[5] is missing (rule 7)`},
		{`application.limit contains "x"`, ppm.Unwanted, `application.limit is missing (rule 7)`},
		{`"x" in application.limit`, ppm.Unwanted, `application.limit is missing (rule 7)`},
		{`lower(application.limit) == "x"`, ppm.Unwanted, `application.limit is missing (rule 7)`},
		{`any(application.holey, .age > 16)`, ppm.Wanted, `rule 7`},
		{`any(application.holey, .age > 18)`, ppm.Unwanted, `.age is missing (rule 7)`},
		{`max(application.empty) > 5`, ppm.Unwanted, `max(application.empty) is missing (rule 7)`},

		// What does not fit is nobody's decision.
		{`application.text > 5000`, ppm.Undecidable, `application.text is a text, "abc", and cannot be compared with 5000 (rule 7)`},
		{`5000 < application.text`, ppm.Undecidable, `application.text is a text, "abc", and cannot be compared with 5000 (rule 7)`},
		{`application.text && application.vip`, ppm.Undecidable, `application.text is a text, "abc", not true or false (rule 7)`},
		{`application.text`, ppm.Undecidable, `application.text is a text, "abc", not true or false (rule 7)`},
		{`application.amount.value > 5`, ppm.Undecidable, `application.amount is a number, which has no member "value" (rule 7)`},
		{`application.tags contains "a"`, ppm.Undecidable, `application.tags is a list, a list of 2, not a text: write "in" to look into a list (rule 7)`},
		{`"a" in application.text`, ppm.Undecidable, `application.text is a text, "abc", not a list: write contains to look into a text (rule 7)`},
		{`application.text + 1 > 5`, ppm.Undecidable, `application.text is a text, "abc", and cannot be added to 1 (rule 7)`},
		{`application.amount % 0 == 1`, ppm.Undecidable, `application.amount % 0 divides by 0 (rule 7)`},
		{`application.large * application.large > 1`, ppm.Undecidable, `a number becomes too large to reckon with (rule 7)`},
		{`int(application.text) > 1`, ppm.Undecidable, `int(application.text): "abc" is not a whole number (rule 7)`},
		{`application.status == "Draft" || application.text > 5000`, ppm.Wanted, `rule 7`},
	} {
		outcome, reason := when(t, tt.when).Wants(posted, rule.NewData([]byte(application)))
		if outcome != tt.outcome || reason != tt.reason {
			t.Errorf("%s\n got %v, %s\nwant %v, %s", tt.when, outcome, reason, tt.outcome, tt.reason)
		}
	}
}

func TestWithoutDataOnlyWhatDependsOnItIsOpen(t *testing.T) {
	for _, tt := range []struct {
		when    string
		outcome ppm.Outcome
		reason  string
	}{
		{`application.amount > 5000`, ppm.Undecided, `waits for the application's data (rule 7)`},
		{`notification.id == "A1" && application.amount > 5000`, ppm.Unwanted, `notification.id is "A056035", not "A1" (rule 7)`},
		{`application.amount > 5000 && notification.id == "A1"`, ppm.Unwanted, `notification.id is "A056035", not "A1" (rule 7)`},
		{`application.amount > 5000 || notification.id == "A056035"`, ppm.Wanted, `rule 7`},
		{`not (application.vip and notification.id == "A1")`, ppm.Wanted, `rule 7`},
		{`(application.amount ?? 1) > 5000`, ppm.Undecided, `waits for the application's data (rule 7)`},
		{`notification.id startsWith "A"`, ppm.Wanted, `rule 7`},
	} {
		outcome, reason := when(t, tt.when).Wants(posted, nil)
		if outcome != tt.outcome || reason != tt.reason {
			t.Errorf("%s\n got %v, %s\nwant %v, %s", tt.when, outcome, reason, tt.outcome, tt.reason)
		}
	}
}

func TestNeedsDataOnlyWhatMentionsTheApplication(t *testing.T) {
	for text, needs := range map[string]bool{
		"":                               false,
		`notification.id == "x"`:         false,
		`"application" == "x"`:           false,
		`application.amount > 5`:         true,
		`any([1, 2], # == application)`:  true,
		`let a = application; a.x == 1`:  true,
		`notification.id in application`: true,
	} {
		if r := when(t, text); r.NeedsData() != needs {
			t.Errorf("%s: NeedsData is %t", text, r.NeedsData())
		}
	}
}

func TestDataThatIsNoJSONDecidesNothing(t *testing.T) {
	for _, text := range []string{"", "{", "1 2", "<html>"} {
		outcome, reason := when(t, `application == nil`).Wants(posted, rule.NewData([]byte(text)))
		if outcome != ppm.Undecidable || !strings.Contains(reason, "JSON") {
			t.Errorf("%q: %v, %s", text, outcome, reason)
		}
	}
	if outcome, _ := when(t, `application[1] == 2`).Wants(posted, rule.NewData([]byte("[1, 2]"))); outcome != ppm.Wanted {
		t.Error("data need not be an object")
	}
}

func TestAnUnusableRuleDecidesOnlyWhatItsMembersDo(t *testing.T) {
	r := rule.Unusable(ppm.Rule{Number: 7, Type: "x"}, errors.New("unknown\nword"))
	if outcome, _ := r.Wants(posted, nil); outcome != ppm.Unwanted {
		t.Errorf("a notification of another type: %v", outcome)
	}
	r = rule.Unusable(ppm.Rule{Number: 7}, errors.New("unknown\nword"))
	outcome, reason := r.Wants(posted, nil)
	if outcome != ppm.Undecidable || reason != "the rule cannot be applied: unknown word (rule 7)" {
		t.Errorf("%v, %q", outcome, reason)
	}
}

func TestReasonsAreShortAndPlain(t *testing.T) {
	hostile := "a\x00b\x1b[31m\u202e\u2028\r\nc" + strings.Repeat("x", 10_000)
	data := rule.NewData(fmt.Appendf(nil, `{"s": %q, "n": %s}`, strings.Repeat("y", 5000), strings.Repeat("9", 5000)))
	n := posted
	n.Application, n.Event = hostile, hostile
	long := strings.TrimSuffix(strings.Repeat(`notification.id == "x" || application.s == "y" || application.n < 5 || `, 12), " || ")
	for _, r := range []*rule.Rule{
		when(t, long),
		when(t, `notification.id == "x"`),
		when(t, `application.s > 5`),
		must(t, ppm.Rule{Number: 7, Event: "Posted"}),
	} {
		outcome, reason := r.Wants(n, data)
		if outcome == ppm.Wanted || !strings.HasSuffix(reason, " (rule 7)") {
			t.Errorf("%v, %s", outcome, reason)
		}
		if length := utf8.RuneCountInString(reason); length > 520 {
			t.Errorf("a reason of %d characters: %s", length, reason)
		}
		for _, c := range reason {
			if !unicode.IsPrint(c) {
				t.Errorf("%U in a reason: %q", c, reason)
			}
		}
	}
	_, reason := when(t, `notification.id == "x"`).Wants(n, nil)
	if want := `notification.id is "ab[31m cxxx`; !strings.HasPrefix(reason, want) {
		t.Errorf("%q", reason)
	}
}

func must(t *testing.T, r ppm.Rule) *rule.Rule {
	t.Helper()
	compiled, err := rule.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// A rule that would go through a large list for each of its elements ends.
func TestARuleTakesBoundedTime(t *testing.T) {
	list := "[" + strings.TrimSuffix(strings.Repeat("1,", 100_000), ",") + "]"
	text := strings.Repeat("a", 1<<20)
	data := rule.NewData(fmt.Appendf(nil, `{"list": %s, "text": %q}`, list, text))
	for _, expression := range []string{
		`all(application.list, all(application.list, all(application.list, # == 1)))`,
		`all(application.list, 2 not in application.list)`,
		`all(application.list, application.list == application.list)`,
		`all(application.list, max(application.list) == 1)`,
		`all(application.list, not (application.text contains "b"))`,
		`all(application.list, application.text matches "(a|b|c){100}d" == false)`,
		`all(application.list, lower(application.text) != "b")`,
		`let a = application.text + application.text; let b = a + a; let c = b + b; let d = c + c; let e = d + d; let f = e + e; len(f + f) > 0`,
		`len(map(application.list, filter(application.list, # == 1))) == 5`,
	} {
		began := time.Now()
		outcome, reason := when(t, expression).Wants(posted, data)
		if outcome != ppm.Undecidable || reason != "the rule takes too long over this application (rule 7)" {
			t.Errorf("%s: %v, %s", expression, outcome, reason)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %s", expression, took)
		}
	}
	// But going through all of it once is no trouble.
	if outcome, reason := when(t, `all(application.list, # == 1)`).Wants(posted, data); outcome != ppm.Wanted {
		t.Errorf("%v, %s", outcome, reason)
	}
}
