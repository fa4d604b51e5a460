package rule_test

import (
	"errors"
	"strings"
	"testing"

	"processmanager/ppm"
	"processmanager/rule"
)

func TestErrorsPointAtTheWord(t *testing.T) {
	for _, tt := range []struct {
		when         string
		line, column int
		problem      string
	}{
		{`aplication.amount > 5`, 1, 1, `there is no aplication: did you mean application?`},
		{`notification.notificationTyp == "x"`, 1, 14, `notification has no member notificationTyp: did you mean notificationType?`},
		{`notification.sender == "x"`, 1, 14, `notification has no member sender: it has content, eventDescription, eventTime, id, notificationType, partnerCode, receivedAt`},
		{`notificationType == "x"`, 1, 1, `there is no notificationType: did you mean notification.notificationType?`},
		{`eventType == "x"`, 1, 1, `there is no eventType: did you mean notification.eventTime?`},
		{`status == "Posted"`, 1, 1, `there is no status: did you mean application.status, or "status" as a text?`},
		{"application.amount > 5 &&\n\taplication.vip", 2, 2, `there is no aplication: did you mean application?`},
		{`application.amount = 5`, 1, 20, `= is not expected here: write == to compare`},
		{`application.a AND application.b`, 1, 15, `AND is not expected here: write "and" or &&`},
		{`application.a & application.b`, 1, 15, `& is not expected here: write && or "and"`},
		{`application.a <> 5`, 1, 16, `<> is not expected here: write != for what is not equal`},
		{`application.a == “x”`, 1, 18, `“ is not expected here: write straight quotation marks, "…"`},
		{`application.a == "x`, 1, 18, `the text that begins here has no closing quotation mark`},
		{`application.a >`, 1, 15, `the expression ends where something should follow`},
		{`lower(application.a == "x"`, 1, 6, `this ( is never closed`},
		{`application.a > 5)`, 1, 18, `) is not expected here: is something missing before it, or a bracket too many?`},
		{`application.a 5`, 1, 15, `5 is not expected here: is an operator missing before it, or one too many?`},
		{`application.x > 9999999999999999999`, 1, 35, `the number before this is too large: whole numbers have at most 18 digits`},
		{`application.a ?? 5 > 3`, 1, 20, `?? needs brackets beside another operator, as in (application.amount ?? 0) > 5000`},
		{`notification.id > 5`, 1, 19, `> compares two numbers or two texts; here a text is compared with a number`},
		{`notification.id == 5`, 1, 20, `a text is compared with a number: they are never equal`},
		{`application.a && notification.id`, 1, 18, `beside && there must be what is true or false; this is a text`},
		{`notification.id && application.a`, 1, 1, `beside && there must be what is true or false; this is a text`},
		{`!5`, 1, 2, `! turns around what is true or false; this is a number`},
		{`notification.id in notification.content`, 1, 20, `behind "in" there must be a list or an object; this is a text`},
		{`notification.id in ["a", 2]`, 1, 26, `a text is looked for, but this is a number`},
		{`application.a contains 5`, 1, 24, `behind contains there must be a text; this is a number`},
		{`application.a matches "("`, 1, 23, "this is not a pattern: missing closing ): `(`"},
		{`application.a matches application.b`, 1, 23, `write the pattern as a text, as in application.code matches "^A[0-9]+$"`},
		{`application.a matches "(((a{10}){10}){10}b){10}"`, 1, 23, "this is not a pattern: invalid repeat count: `{10}`"},
		{`application.a matches "\\pL{500}"`, 1, 23, ``},
		{`application.a matches "\\pL{500}\\pL{500}"`, 1, 23, `the pattern is too large`},
		{`5`, 1, 1, `a rule must come to true or false; this is a number`},
		{`application.a + 5`, 1, 1, `a rule must come to true or false; this is a number`},
		{`notification`, 1, 1, `say which member of the notification: notification.content, notification.eventDescription, notification.eventTime, notification.id, notification.notificationType, notification.partnerCode, notification.receivedAt`},
		{`notification[application.a] == "x"`, 1, 14, `say which member of the notification by its name, as in notification.id`},
		{`notification.id.x == "x"`, 1, 17, `a text has no members`},
		{`lowr(application.a) == "x"`, 1, 1, `rules have no function lowr: did you mean lower?`},
		{`lower(5) == "x"`, 1, 7, `lower takes a text; this is a number`},
		{`len() > 1`, 1, 1, `len takes one value; here there are 0`},
		{`any(notification.id, true)`, 1, 5, `any takes a list; this is a text`},
		{`any(application.a, 5)`, 1, 20, `any asks of each element what is true or false; this is a number`},
		{`application.lower()`, 1, 13, `functions stand before what they are about, as in lower(application.status)`},
		{`now() > application.a`, 1, 1, `rules have no function now: what a rule decides must not depend on when it is asked`},
		{`date(application.a) > date("2026-01-01")`, 1, 1, `rules have no function date: times are texts that compare in their order, as in notification.eventTime > "2026-01-31"`},
		{`repeat(application.a, 5) == "x"`, 1, 1, `rules have no function repeat: there are abs, all, any, ceil, count, filter, first, float, floor, int, last, len, lower, map, max, min, none, one, round, sum, trim, upper`},
		{`application.a in 1..5`, 1, 18, `a..b cannot be used in rules: write x >= a && x <= b`},
		{`application.a[1:2] == "x"`, 1, 14, `parts like [1:3] cannot be used in rules: write startsWith, endsWith or contains`},
		{`application.x == null`, 1, 18, `there is no null: what is missing is nil`},
		{`any(application.x, #index > 1)`, 1, 20, `there is no #index: # alone is the element`},
		{`true; false`, 1, 1, `a rule is one expression, without ;`},
		{`application.x == {"a": 1}`, 1, 18, `an object cannot be written in a rule`},
		{`application.x == b"x"`, 1, 18, `write the text without the b: "…"`},
		{`let x = application.a; y > 5`, 1, 24, `there is no y: did you mean x?`},
		{`(application.a ? 5 : 6) && true`, 1, 2, `beside && there must be what is true or false; this is a number`},
	} {
		_, err := rule.Compile(ppm.Rule{When: tt.when})
		if tt.problem == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.when, err)
			}
			continue
		}
		var e *rule.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: no complaint, but %v", tt.when, err)
			continue
		}
		if e.Line != tt.line || e.Column != tt.column || e.Problem != tt.problem {
			t.Errorf("%s\n got %d:%d %s\nwant %d:%d %s", tt.when, e.Line, e.Column, e.Problem, tt.line, tt.column, tt.problem)
		}
	}
}

func TestErrorsShowThePlace(t *testing.T) {
	_, err := rule.Compile(ppm.Rule{When: "application.ok ||\n\tnotification.ref == 5 && true"})
	want := "line 2, column 15: notification has no member ref: it has content, eventDescription, eventTime, id, notificationType, partnerCode, receivedAt\n" +
		"     notification.ref == 5 && true\n" +
		"                  ^"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	// Of a long line, what is around the place.
	_, err = rule.Compile(ppm.Rule{When: strings.Repeat("application.ok && ", 20) + "wrong" + strings.Repeat(" && application.ok", 20)})
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || len([]rune(lines[1])) > 110 {
		t.Fatalf("%v", err)
	}
	if at := len([]rune(lines[2])) - 1; !strings.HasPrefix(string([]rune(lines[1])[at:]), "wrong") {
		t.Errorf("the mark is not below the word:\n%v", err)
	}
}

func TestExpressionsAreBounded(t *testing.T) {
	for _, when := range []string{
		strings.Repeat("(", 3000) + "true" + strings.Repeat(")", 990) + " && true", // deep
		strings.Repeat("!", 3900) + "true",
		strings.Repeat("true&&", 600) + "true",
		strings.Repeat("(", 200) + "application.x" + strings.Repeat(" ?: true)", 200), // twice as many parts with each
		strings.Repeat("x", 5000),
	} {
		if _, err := rule.Compile(ppm.Rule{When: when}); err == nil {
			t.Errorf("%d bytes %.20s… are taken", len(when), when)
		}
	}
	if _, err := rule.Compile(ppm.Rule{When: strings.Repeat("application.a == 1 || ", 100) + "false"}); err != nil {
		t.Errorf("a long one is not: %v", err)
	}
}
