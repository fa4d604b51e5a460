package ui

import (
	"fmt"
	"strconv"
	"time"
)

// A chipView is a state as it is shown: with a symbol, a word and a tone, of
// which the tone never says anything alone.
type chipView struct {
	Tone string // "good", "wait", "bad", "held" or "calm"
	Icon string
	Word string
}

// A momentView is a time as it is shown.
type momentView struct {
	ISO   string
	Exact string
	Ago   string
}

// momentAt returns t as it is shown at now, in the zone of this machine, which
// is the reader's.
func momentAt(t, now time.Time) momentView {
	return momentView{
		ISO:   t.UTC().Format("2006-01-02T15:04:05.000Z"),
		Exact: t.Local().Format("Monday, 2 January 2006, 15:04:05"),
		Ago:   ago(t, now),
	}
}

// ago says how long before now t was, as a person would.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < -time.Minute: // a clock was put back
		return t.Local().Format("2 Jan 2006, 15:04")
	case d < 10*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d < 48*time.Hour:
		return "yesterday"
	case d < 14*24*time.Hour:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
	return t.Local().Format("2 Jan 2006")
}

// clock shows when something is to happen: the time of day, with the day where
// it is another one.
func clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	return t.Format("2 Jan, 15:04")
}

// took says how long something took.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "under 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// number writes n with a comma for each thousand.
func number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// count writes how many there are of something: "1 notification", "2 notifications".
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// orNothing says so where there is nothing to show.
func orNothing(text string) string {
	if text == "" {
		return "(nothing)"
	}
	return text
}

// A field is a value that a form carries along.
type field struct{ Name, Value string }
