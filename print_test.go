package main

import (
	"bytes"
	"encoding/csv"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestWhatStrangersSentIsShownAsText(t *testing.T) {
	for in, want := range map[string]string{
		"A056035":        "A056035",
		"Ünïcode 漢字":     "Ünïcode 漢字",
		"\x1b[2Jgone":    `\x1b[2Jgone`,
		"bell\a":         `bell\a`,
		"\u009b31m":      `\u009b31m`,
		"\u202egnp.exe":  `\u202egnp.exe`,
		"one\rtwo":       `one\rtwo`,
		"two\nlines\tok": "two\nlines\tok",
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
	if got := oneLine("a\nb\tc"); got != `a\nb c` {
		t.Errorf("oneLine = %q", got)
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	var b bytes.Buffer
	table := table{out: &b, heading: []string{"ONE", "TWO", "THREE"}, elastic: 1, width: 40}
	check(t, table.print([][]string{{"1", strings.Repeat("ä", 60), "end"}, {"22", "short", "end"}}))
	check(t, table.print([][]string{{"333", strings.Repeat("long", 30), "end"}}))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines:\n%s", len(lines), b.String())
	}
	at := strings.Index(lines[0], "THREE")
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > 40 {
			t.Errorf("%d characters: %s", n, line)
		}
		if column := string([]rune(line)[at:]); column != "THREE" && column != "end" {
			t.Errorf("third column of %q is %q", line, column)
		}
	}
	b.Reset()
	table.width, table.columns = 0, nil
	check(t, table.print([][]string{{"1", strings.Repeat("x", 300), "end"}}))
	if !strings.Contains(b.String(), strings.Repeat("x", 300)) {
		t.Error("without a terminal something was cut")
	}
}

func TestOneLongCellDoesNotWidenEveryRow(t *testing.T) {
	var b bytes.Buffer
	for _, width := range []int{0, 80} {
		b.Reset()
		table := table{out: &b, heading: []string{"ONE", "TWO", "THREE"}, elastic: 1, width: width}
		check(t, table.print([][]string{{strings.Repeat("a", 200), strings.Repeat("x", 100_000), "end"}, {"1", "short", "end"}}))
		lines := strings.Split(b.String(), "\n")
		if n := len(lines[2]); n > 160 {
			t.Errorf("at width %d the short row has %d characters", width, n)
		}
		if !strings.HasPrefix(lines[1], strings.Repeat("a", 200)) {
			t.Errorf("at width %d the first cell was cut", width)
		}
	}
}

func TestNoValueStartsAFormula(t *testing.T) {
	for in, want := range map[string]string{
		"A056035":           "A056035",
		"":                  "",
		"a=b":               "a=b",
		"=1+1":              "'=1+1",
		"+1":                "'+1",
		"-1":                "'-1",
		"@SUM(A1)":          "'@SUM(A1)",
		"\t=1":              "'\t=1",
		"\r=1":              "'\r=1",
		"\n=1":              "'\n=1",
		"  =1":              "'  =1",
		"\ufeff=1":          "'\ufeff=1",
		"＝1":                "'＝1",
		`{"id":"=1"}`:       `{"id":"=1"}`,
		"it's":              "it's",
		"2017-01-01T00:00Z": "2017-01-01T00:00Z",
	} {
		if got := defused(in); got != want {
			t.Errorf("defused(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCSVIsReadBackAsItWas(t *testing.T) {
	rows := [][]string{
		{"plain", "", "with, comma", `with "quotes"`},
		{"two\r\nlines", "two\nlines", " blank ", "漢字"},
		{`"`, `,`, "'", "tab\tin it"},
	}
	var b bytes.Buffer
	for _, row := range rows {
		check(t, writeCSV(&b, row))
	}
	if !strings.HasPrefix(b.String(), "plain,,\"with, comma\",\"with \"\"quotes\"\"\"\r\n") {
		t.Errorf("the first line is %q", b.String())
	}
	// The reader makes \r\n in values \n, and nothing else.
	got, err := csv.NewReader(&b).ReadAll()
	check(t, err)
	rows[1][0] = "two\nlines"
	if !reflect.DeepEqual(got, rows) {
		t.Errorf("read back %q, want %q", got, rows)
	}
}

func TestSinceIsReadAsPeopleWriteIt(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                          {},
		"24h":                       now.Add(-24 * time.Hour),
		"2026-01-31":                time.Date(2026, 1, 31, 0, 0, 0, 0, time.Local),
		"2026-01-31 08:15":          time.Date(2026, 1, 31, 8, 15, 0, 0, time.Local),
		"2026-01-31T08:15:30":       time.Date(2026, 1, 31, 8, 15, 30, 0, time.Local),
		"2026-01-31T08:15:30Z":      time.Date(2026, 1, 31, 8, 15, 30, 0, time.UTC),
		"2026-01-31T08:15:30+11:00": time.Date(2026, 1, 30, 21, 15, 30, 0, time.UTC),
	} {
		if got, err := parseSince(text, now); err != nil || !got.Equal(want) {
			t.Errorf("parseSince(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "-24h", "31.01.2026", "2026-13-01"} {
		if got, err := parseSince(text, now); err == nil {
			t.Errorf("parseSince(%q) = %v", text, got)
		}
	}
}

func TestLinesToPasteAreQuoted(t *testing.T) {
	if got := posixQuote(`it's $HOME`); got != `'it'\''s $HOME'` {
		t.Errorf("posixQuote = %s", got)
	}
	if got := powerShellQuote(`C:\Users\O'Neill`); got != `'C:\Users\O''Neill'` {
		t.Errorf("powerShellQuote = %s", got)
	}
}
