package ui

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"processmanager/ppm"
)

// A term is one of the things that a search asks for: a word, or what a chip says.
type term struct {
	Key   string // "client", "type", "status", "application", "since", "is"; "": a word
	Value string
	Not   bool
}

// text returns the term as it is typed.
func (t term) text() string {
	value := t.Value
	if strings.ContainsFunc(value, unicode.IsSpace) || t.Key == "" && strings.Contains(value, ":") {
		value = `"` + value + `"`
	}
	if t.Key != "" {
		value = t.Key + ":" + value
	}
	if t.Not {
		value = "-" + value
	}
	return value
}

// termKeys are what can stand before a colon. Other words with a colon are words.
var termKeys = map[string]bool{"client": true, "type": true, "status": true, "application": true, "since": true, "is": true}

// termsOf reads what was typed into the search box. Quotation marks keep words together.
func termsOf(typed string) []term {
	var terms []term
	for rest := strings.TrimSpace(typed); rest != ""; rest = strings.TrimSpace(rest) {
		var t term
		if len(rest) > 1 && rest[0] == '-' && rest[1] != ' ' {
			t.Not, rest = true, rest[1:]
		}
		if key, after, ok := strings.Cut(rest, ":"); ok && termKeys[strings.ToLower(key)] {
			t.Key, rest = strings.ToLower(key), after
		}
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			t.Value, rest, _ = strings.Cut(quoted, `"`)
		} else if end := strings.IndexFunc(rest, unicode.IsSpace); end >= 0 {
			t.Value, rest = rest[:end], rest[end:]
		} else {
			t.Value, rest = rest, ""
		}
		if t.Value != "" {
			terms = append(terms, t)
		}
	}
	return terms
}

// typedAs returns terms as they are typed.
func typedAs(terms []term) string {
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = t.text()
	}
	return strings.Join(parts, " ")
}

// queryOf returns what the terms ask for. What cannot be asked is a [Refusal].
func queryOf(terms []term, clients []Client, now time.Time) (ppm.Query, error) {
	var q ppm.Query
	for _, t := range terms {
		if t.Not && t.Key != "" {
			return q, badRequest(fmt.Sprintf("-%s: only words can be left out, as in -%s", t.Key, t.Value))
		}
		var err error
		switch t.Key {
		case "":
			if t.Not {
				q.Without = append(q.Without, t.Value)
			} else {
				q.Words = append(q.Words, t.Value)
			}
		case "client":
			q.Client, err = clientNamed(t.Value, clients)
		case "type":
			q.Type = t.Value
		case "application":
			q.Application = t.Value
		case "status":
			switch status := ppm.Status(strings.ToLower(t.Value)); status {
			case ppm.Queued, ppm.Complete, ppm.Failed:
				q.Status = status
			default:
				err = badRequest("status: give queued, complete or failed")
			}
		case "since":
			q.Since, err = sinceOf(t.Value, now)
		case "is":
			switch strings.ToLower(t.Value) {
			case "needs-you":
				q.NeedsYou = true
			case "again":
				q.Again = true
			case "held":
				q.Held = true
			default:
				err = badRequest("is: give needs-you, again or held")
			}
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

// clientNamed returns the number of the client with that name; of one that has
// been removed only if none has it now.
func clientNamed(name string, clients []Client) (int64, error) {
	var removed int64
	for _, c := range clients {
		if strings.EqualFold(c.Name, name) {
			if c.Removed == nil {
				return c.Number, nil
			}
			removed = c.Number
		}
	}
	if removed == 0 {
		return 0, badRequest(fmt.Sprintf("client: there is none called %q", name))
	}
	return removed, nil
}

// sinceOf reads a day, or how long ago: "2026-11-03", "2026-11-03T10:00", "24h", "7d", "today".
func sinceOf(text string, now time.Time) (time.Time, error) {
	local := now.Local()
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.Local)
	switch strings.ToLower(text) {
	case "today":
		return today, nil
	case "yesterday":
		return today.AddDate(0, 0, -1), nil
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	var n int
	var unit string
	if _, err := fmt.Sscanf(text, "%d%s", &n, &unit); err == nil && n > 0 && n < 100000 {
		if span, ok := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[unit]; ok {
			return now.Add(-time.Duration(n) * span), nil
		}
	}
	return time.Time{}, badRequest("since: give a day such as 2026-01-31, or how long ago, such as 24h or 7d")
}
