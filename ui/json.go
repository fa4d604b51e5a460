package ui

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A jsonLine is one line of JSON written for people. Numbers are as they came,
// digit for digit.
type jsonLine struct {
	Before   string // blanks and the member's name
	Value    string
	After    string
	Personal bool // about a person: veiled until somebody asks to see it

	path string // "borrower.address.0.city"; "" of lines without a value
}

// maxJSONLines is how much of a document is shown.
const maxJSONLines = 3000

var errTooLong = errors.New("it is longer than what is shown")

// personal are the names of members that tell about a person, in lower case and
// without underscores.
var personal = regexp.MustCompile(`^(first|last|middle|full|maiden|given|family|sur|fore)?names?$|birth|^dob$|^age$|gender|marital|e?mail|phone|mobile|` +
	`address|street|postcode|postal|^zip|city|town|iban|bic|accountn|sortcode|bankaccount|passport|^ssn$|nationalid|insurancen|taxid|licen[cs]e|employer|` +
	`salary|income|borrower|applicant|customer|guarantor|^person|contact`)

func isPersonal(name string) bool {
	return personal.MatchString(strings.ToLower(strings.ReplaceAll(name, "_", "")))
}

// jsonLines writes a JSON document for people; false if it is none. cut: the
// document goes on.
func jsonLines(text string) (lines []jsonLine, cut, ok bool) {
	w := jsonWriter{dec: json.NewDecoder(strings.NewReader(text))}
	w.dec.UseNumber()
	err := w.value("", "", "", "", false)
	if errors.Is(err, errTooLong) {
		return w.lines, true, true
	}
	if _, end := w.dec.Token(); err != nil || end != io.EOF {
		return nil, false, false
	}
	return w.lines, false, true
}

type jsonWriter struct {
	dec   *json.Decoder
	lines []jsonLine
}

func (w *jsonWriter) add(l jsonLine) error {
	if len(w.lines) >= maxJSONLines {
		return errTooLong
	}
	w.lines = append(w.lines, l)
	return nil
}

// value writes the next value, which before stands in front of.
func (w *jsonWriter) value(before, after, indent, path string, private bool) error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case json.Delim:
		return w.members(v, before, indent, path, private)
	case json.Number:
		return w.add(jsonLine{before, v.String(), after, private, path})
	}
	return w.add(jsonLine{before, quoted(token), after, private, path})
}

// members writes what is in an object or a list.
func (w *jsonWriter) members(open json.Delim, before, indent, path string, private bool) error {
	if err := w.add(jsonLine{Before: before + open.String()}); err != nil {
		return err
	}
	last := len(w.lines) - 1
	for n := 0; w.dec.More(); n++ {
		within, of := indent+"  ", private
		name := strconv.Itoa(n)
		if open == '{' {
			token, err := w.dec.Token()
			if err != nil {
				return err
			}
			name, _ = token.(string)
			within += quoted(name) + ": "
			of = of || isPersonal(name)
		}
		if n > 0 {
			w.lines[len(w.lines)-1].After += ","
		}
		if err := w.value(within, "", indent+"  ", strings.TrimPrefix(path+"."+name, "."), of); err != nil {
			return err
		}
	}
	end, err := w.dec.Token()
	if err != nil {
		return err
	}
	bracket := end.(json.Delim).String()
	if len(w.lines)-1 == last { // empty
		w.lines[last].Before += bracket
		return nil
	}
	return w.add(jsonLine{Before: indent + bracket})
}

// quoted writes a string, a truth value or null as JSON does.
func quoted(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// A change is a value that is not the same in two documents.
type change struct {
	Path     string
	Was, Is  string // "": it is not there
	Personal bool
}

// changes returns how the document is differs from was; false if one is not JSON.
func changes(was, is string) ([]change, bool) {
	before, _, ok1 := jsonLines(was)
	after, _, ok2 := jsonLines(is)
	if !ok1 || !ok2 {
		return nil, false
	}
	var all []change
	old := make(map[string]string, len(before))
	for _, l := range before {
		if l.path != "" {
			old[l.path] = l.Value
		}
	}
	for _, l := range after {
		if l.path == "" {
			continue
		}
		if value, there := old[l.path]; !there || value != l.Value {
			all = append(all, change{l.path, value, l.Value, l.Personal})
		}
		delete(old, l.path)
	}
	for _, l := range before {
		if _, gone := old[l.path]; gone && l.path != "" {
			all = append(all, change{l.path, l.Value, "", l.Personal})
		}
	}
	return all, true
}

// hasPersonal reports whether a document may tell about a person. One that
// cannot be read may.
func hasPersonal(text string) bool {
	lines, cut, ok := jsonLines(text)
	return !ok || cut || slices.ContainsFunc(lines, func(l jsonLine) bool { return l.Personal })
}
