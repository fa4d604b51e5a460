package ui

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestJSONIsShownAsItCame(t *testing.T) {
	const text = `{"amount":12500.00,"big":123456789012345678901234567890.10,"tiny":1e-400,"name":"<b>\u00e4 \"q\"</b>","list":[1,{"a":null,"b":true},[],{}],"again":1,"again":2}`
	lines, cut, ok := jsonLines(text)
	if !ok || cut {
		t.Fatal("it was not understood")
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Before + l.Value + l.After + "\n")
	}
	shown := b.String()
	for _, want := range []string{`"amount": 12500.00,`, `123456789012345678901234567890.10`, `1e-400`, `"<b>ä \"q\"</b>"`, `"list": [`, `    []`, `    {}`, "\"again\": 1,\n  \"again\": 2\n"} {
		if !strings.Contains(shown, want) {
			t.Errorf("it lacks %s:\n%s", want, shown)
		}
	}
	var compact, again any
	if json.Unmarshal([]byte(text), &compact) != nil || json.Unmarshal([]byte(shown), &again) != nil || !reflect.DeepEqual(compact, again) {
		t.Errorf("it is another document:\n%s", shown)
	}
}

func TestWhatIsNoJSONIsNotTakenForIt(t *testing.T) {
	for _, text := range []string{"", "{", `{"a":1} x`, `{"a":}`, "hello", "[1,2"} {
		if _, _, ok := jsonLines(text); ok {
			t.Errorf("%q was", text)
		}
		if !hasPersonal(text) {
			t.Errorf("%q is said to tell of nobody", text)
		}
	}
}

func TestALongDocumentIsCut(t *testing.T) {
	lines, cut, ok := jsonLines("[" + strings.Repeat("1,", 100_000) + "1]")
	if !ok || !cut || len(lines) != maxJSONLines {
		t.Errorf("%d lines, cut: %t", len(lines), cut)
	}
}

func TestChangesAreToldByTheirPlace(t *testing.T) {
	got, ok := changes(`{"a":1.0,"b":{"c":[1,2]},"gone":"x","same":true}`, `{"same":true,"a":1.00,"b":{"c":[1,3,4]},"email":"new"}`)
	want := []change{
		{Path: "a", Was: "1.0", Is: "1.00"}, {Path: "b.c.1", Was: "2", Is: "3"}, {Path: "b.c.2", Is: "4"},
		{Path: "email", Is: `"new"`, Personal: true}, {Path: "gone", Was: `"x"`},
	}
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("changes = %+v, %t", got, ok)
	}
}
