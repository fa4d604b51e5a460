package rule_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"pgregory.net/rapid"

	"processmanager/ppm"
	"processmanager/rule"
)

// Whatever expr itself makes of an expression, a rule decides; where expr gives
// up, because something is missing, a rule may still know better.
func TestRulesAgreeWithExpr(t *testing.T) {
	decided := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		text := drawBool(t, 3)
		data := drawData(t)
		compiled, err := rule.Compile(ppm.Rule{Number: 7, When: text})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		outcome, reason := compiled.Wants(posted, rule.NewData([]byte(data)))
		verdict, err := byExpr(text, data)
		switch {
		case err != nil:
			decided["open"]++
			if outcome == ppm.Undecided {
				t.Fatalf("%s\nof %s: waits for data that is there", text, data)
			}
		case verdict && outcome != ppm.Wanted, !verdict && outcome != ppm.Unwanted:
			t.Fatalf("%s\nof %s\nis %t for expr, but %v: %s", text, data, verdict, outcome, reason)
		default:
			decided[strconv.FormatBool(verdict)]++
		}
		if outcome == ppm.Wanted && reason != "rule 7" || outcome != ppm.Wanted && !strings.HasSuffix(reason, " (rule 7)") {
			t.Fatalf("%s\nof %s: %s", text, data, reason)
		}
	})
	if decided["true"] == 0 || decided["false"] == 0 || decided["open"] == 0 {
		t.Errorf("the comparison shows little: %v", decided)
	}
}

// What the data would say does not matter where a rule has decided without it.
func TestWhatIsDecidedWithoutDataStaysSo(t *testing.T) {
	early := 0
	rapid.Check(t, func(t *rapid.T) {
		text := drawBool(t, 3)
		compiled, err := rule.Compile(ppm.Rule{Number: 7, When: text})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		before, _ := compiled.Wants(posted, nil)
		data := drawData(t)
		after, reason := compiled.Wants(posted, rule.NewData([]byte(data)))
		if before == ppm.Undecided {
			if !compiled.NeedsData() {
				t.Fatalf("%s waits for data that it does not need", text)
			}
			return
		}
		early++
		// Types that don't fit weigh more than what is certain without them.
		if after != before && after != ppm.Undecidable {
			t.Fatalf("%s\nof %s\nwas %v, is %v: %s", text, data, before, after, reason)
		}
	})
	if early == 0 {
		t.Error("nothing was decided without data")
	}
}

func byExpr(text, data string) (bool, error) {
	env := map[string]any{
		"notification": map[string]any{
			"id": posted.Application, "notificationType": posted.Type, "eventDescription": posted.Event, "partnerCode": posted.Partner,
			"eventTime": posted.EventTime, "content": posted.Content, "receivedAt": "2026-01-02T03:04:05Z",
		},
		"application": plain(data),
	}
	program, err := expr.Compile(text, expr.AsBool(), expr.Optimize(false))
	if err != nil {
		return false, err
	}
	v, err := expr.Run(program, env)
	if err != nil {
		return false, err
	}
	return v.(bool), nil
}

// plain is data with int and float64 for its numbers, as expr reckons.
func plain(data string) any {
	in := json.NewDecoder(strings.NewReader(data))
	in.UseNumber()
	var v any
	if in.Decode(&v) != nil {
		return nil
	}
	var turn func(v any) any
	turn = func(v any) any {
		switch v := v.(type) {
		case json.Number:
			if i, err := strconv.Atoi(string(v)); err == nil {
				return i
			}
			f, _ := v.Float64()
			return f
		case []any:
			for i := range v {
				v[i] = turn(v[i])
			}
		case map[string]any:
			for name := range v {
				v[name] = turn(v[name])
			}
		}
		return v
	}
	return turn(v)
}

func pick(t *rapid.T, of ...string) string { return rapid.SampledFrom(of).Draw(t, "") }

func drawBool(t *rapid.T, deep int) string {
	if deep == 0 {
		return pick(t, "true", "false", "application.yes", "application.no", "application.maybe", `notification.id == "A056035"`)
	}
	sub := func() string { return drawBool(t, deep-1) }
	num := func() string { return drawNumber(t, deep-1) }
	str := func() string { return drawText(t, deep-1) }
	switch rapid.IntRange(0, 15).Draw(t, "bool") {
	case 0, 1:
		return "(" + sub() + pick(t, " && ", " and ") + sub() + ")"
	case 2, 3:
		return "(" + sub() + pick(t, " || ", " or ") + sub() + ")"
	case 4:
		return pick(t, "!", "not ") + "(" + sub() + ")"
	case 5, 6:
		return num() + pick(t, " < ", " > ", " <= ", " >= ", " == ", " != ") + num()
	case 7:
		return str() + pick(t, " < ", " > ", " <= ", " >= ", " == ", " != ") + str()
	case 8:
		return str() + pick(t, " contains ", " startsWith ", " endsWith ", " not contains ") + str()
	case 9:
		return str() + ` matches "` + pick(t, "^a", "b+$", "^$", "[0-9]") + `"`
	case 10:
		return num() + pick(t, " in ", " not in ") + drawList(t, deep-1)
	case 11:
		return pick(t, "any", "all", "none", "one") + "(" + drawList(t, deep-1) + ", # " + pick(t, "<", ">", "==") + " " + num() + ")"
	case 12:
		return "(" + sub() + " ? " + sub() + " : " + sub() + ")"
	case 13:
		return "(let v = " + num() + "; v > " + num() + ")"
	case 14:
		return "application." + pick(t, "gone", "nothing", "one", "yes", "inner") + pick(t, " == ", " != ") + pick(t, "nil", "1", "true", `"a"`)
	}
	return drawList(t, deep-1) + " == " + drawList(t, deep-1)
}

func drawNumber(t *rapid.T, deep int) string {
	if deep == 0 || rapid.Bool().Draw(t, "plain") {
		return pick(t, "0", "1", "-1", "2.5", "application.one", "application.half", "application.big", "application.gone", "application.a",
			"application.list[0]", "application.list[-1]", "application.inner.one", "application.inner?.gone?.one", "(application.gone ?? 3)")
	}
	n := func() string { return drawNumber(t, deep-1) }
	switch rapid.IntRange(0, 6).Draw(t, "number") {
	case 0:
		return "(" + n() + pick(t, " + ", " - ", " * ", " / ") + n() + ")"
	case 1:
		return "len(" + drawText(t, deep-1) + ")"
	case 2:
		return pick(t, "abs", "ceil", "floor", "round", "int", "float") + "(" + n() + ")"
	case 3:
		return pick(t, "min", "max") + "(" + n() + ", " + n() + ")"
	case 4:
		return pick(t, "sum", "len", "max", "min", "first", "last") + "(" + drawList(t, deep-1) + ")"
	case 5:
		return "count(" + drawList(t, deep-1) + ", # > " + n() + ")"
	}
	return "-(" + n() + ")"
}

func drawText(t *rapid.T, deep int) string {
	if deep == 0 || rapid.Bool().Draw(t, "plain") {
		return pick(t, `""`, `"a"`, `"abb"`, "application.a", "application.empty", "application.gone", "application.one",
			"notification.id", "notification.eventTime", "notification.receivedAt", "application[\"a\"]")
	}
	switch rapid.IntRange(0, 1).Draw(t, "text") {
	case 0:
		return pick(t, "lower", "upper", "trim") + "(" + drawText(t, deep-1) + ")"
	}
	return "(" + drawText(t, deep-1) + " + " + drawText(t, deep-1) + ")"
}

func drawList(t *rapid.T, deep int) string {
	if deep == 0 || rapid.Bool().Draw(t, "plain") {
		return pick(t, "application.list", "application.none", "application.gone", "application.two", "[1, 2, 3]", "[application.one, application.two]")
	}
	if rapid.Bool().Draw(t, "map") {
		return "map(" + drawList(t, deep-1) + ", # + " + drawNumber(t, deep-1) + ")"
	}
	return "filter(" + drawList(t, deep-1) + ", # > " + drawNumber(t, deep-1) + ")"
}

func drawData(t *rapid.T) string {
	v := func(of ...string) string { return pick(t, append(of, "null", `"b"`, "7")...) }
	return fmt.Sprintf(`{"yes": %s, "no": %s, "maybe": %s, "one": %s, "two": 2, "half": %s, "big": 9007199254740993, "a": %s, "empty": "",
		"list": [%s], "none": [], "nothing": null, "inner": %s}`,
		v("true", "true"), v("false", "false"), v("true", "false"), v("1", "1", "1"), v("0.5"), v(`"a"`, `"abb"`), pick(t, "1", "1, 2, 3", "3, null", `"a"`),
		v(`{"one": 1}`, `{}`))
}
