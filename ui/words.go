package ui

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"processmanager/ppm"
)

// what says in plain words what a notification is about.
func what(n ppm.Notification) string {
	if n.Event != "" {
		return spaced(n.Event)
	}
	return spaced(n.Type)
}

// spaced takes a name that programmers have joined apart:
// "batchApplicationStatusChange" is "Batch application status change". What has
// blanks already is left as it is.
func spaced(name string) string {
	if strings.ContainsFunc(name, unicode.IsSpace) {
		return name
	}
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case r == '_' || r == '-' || r == '.':
			r = ' '
		case i > 0 && unicode.IsUpper(r) && unicode.IsLower(runes[i-1]):
			b.WriteByte(' ')
			if i+1 < len(runes) && unicode.IsLower(runes[i+1]) {
				r = unicode.ToLower(r)
			}
		case i == 0:
			r = unicode.ToUpper(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// statusChip shows Clearmatch's own three words.
func statusChip(s ppm.Status) chipView {
	switch s {
	case ppm.Queued:
		return chipView{"wait", "clock", "Queued"}
	case ppm.Failed:
		return chipView{"bad", "alert", "Failed"}
	}
	return chipView{"good", "check", "Complete"}
}

// deliveryChip says what has become of a delivery; held: its client is.
func deliveryChip(d ppm.Delivery, held bool, now time.Time) chipView {
	switch d.State {
	case ppm.Delivered:
		if d.Client == ppm.ClearmatchAPI {
			return chipView{"good", "check", "fetched"}
		}
		return chipView{"good", "check", "delivered"}
	case ppm.NeedsData:
		return chipView{"wait", "clock", "waits for the application"}
	case ppm.NotWanted:
		return chipView{"calm", "skip", "not wanted"}
	case ppm.GaveUp:
		switch {
		case d.Client == ppm.ClearmatchAPI:
			return chipView{"bad", "alert", "could not get the application from Clearmatch"}
		case d.Attempts == 0:
			return chipView{"bad", "alert", "gave up"}
		}
		return chipView{"bad", "alert", "gave up after " + count(int64(d.Attempts), "try", "tries")}
	}
	switch {
	case held:
		return chipView{"held", "pause", "held"}
	case d.NextAttempt.IsZero():
		return chipView{"wait", "clock", "waits for an earlier one of this application"}
	case d.Failed == 0 || !d.NextAttempt.After(now):
		return chipView{"wait", "send", "on its way"}
	}
	return chipView{"wait", "clock", fmt.Sprintf("waiting, next try %s", clock(d.NextAttempt, now))}
}

// firstLine returns the beginning of a text of several lines.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// kindIcon is the symbol of a way to reach a client.
func kindIcon(k ppm.Kind) string {
	switch k {
	case ppm.Program:
		return "program"
	case ppm.Folder:
		return "folder"
	case ppm.Email:
		return "mail"
	}
	return "globe"
}

// dayName says which day t was on, as seen at now.
func dayName(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.Local)
	switch {
	case !t.Before(today):
		return "Today"
	case !t.Before(today.AddDate(0, 0, -1)):
		return "Yesterday"
	case t.Year() == now.Year():
		return t.Format("Monday, 2 January")
	}
	return t.Format("Monday, 2 January 2006")
}
