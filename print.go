package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// printJSON prints v as one line of JSON.
func (p *program) printJSON(v any) error {
	return newEncoder(p.stdout).Encode(v)
}

// newEncoder returns an encoder of JSON lines that leaves <, > and & as they
// are: no browser reads these.
func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc
}

// printable returns text without what a terminal would obey instead of showing:
// what strangers sent stays text. Line breaks and tabs are kept.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// oneLine is printable text on a single line.
func oneLine(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", " ").Replace(printable(text))
}

// shortTime shows a time in the zone of this machine, the date only as far as
// it isn't today's.
func shortTime(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	switch {
	case t.Year() != now.Year():
		return t.Format("2 Jan 2006 15:04:05")
	case t.YearDay() != now.YearDay():
		return t.Format("2 Jan 15:04:05")
	}
	return t.Format("15:04:05")
}

// terminalWidth returns how many characters fit on a line of w, 0 if it is not
// a terminal.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// A table prints rows under a heading. Columns are as wide as the first rows
// need; what is longer later shifts its row, but loses nothing. On a terminal
// the column elastic, the one that can be guessed, gives way for the rest to fit.
type table struct {
	out     io.Writer
	heading []string
	elastic int
	width   int // of the terminal; 0: there is none
	columns []int
}

const between = 2 // blanks between columns

// print prints some rows, under the heading if they are the first.
func (t *table) print(rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	if t.columns == nil {
		rows = append([][]string{t.heading}, rows...)
		t.measure(rows)
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if i == t.elastic && t.width > 0 {
				cell = shorten(cell, t.columns[i])
			}
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", max(0, t.columns[i]-utf8.RuneCountInString(cell))+between))
			}
		}
		if _, err := fmt.Fprintln(t.out, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// widest is how wide a column gets for a cell's sake: one of a megabyte would
// have every other row filled with as many blanks.
const widest = 60

func (t *table) measure(rows [][]string) {
	t.columns = make([]int, len(t.heading))
	for _, row := range rows {
		for i, cell := range row {
			n := utf8.RuneCountInString(cell)
			if i != t.elastic || t.width == 0 { // the elastic one is cut to the terminal
				n = min(n, widest)
			}
			t.columns[i] = max(t.columns[i], n)
		}
	}
	if t.width == 0 {
		return
	}
	total := between * (len(t.columns) - 1)
	for _, c := range t.columns {
		total += c
	}
	const least = 12
	if over := total - t.width; over > 0 {
		t.columns[t.elastic] = max(least, t.columns[t.elastic]-over)
	}
}

// shorten cuts text to at most n characters, showing that it did.
func shorten(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
