package client

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
)

// csvFormat is lines of fields (RFC 4180). The separator is the first comma,
// semicolon or tab that the template itself writes between fields. A value is a
// whole field, or a part of one that is in quotation marks.
type csvFormat struct {
	separator byte
}

const (
	csvStart    state = iota // of a field
	csvFirst                 // within quotation marks, where nothing but space has been yet
	csvQuoted                // further within them
	csvMark                  // after a quotation mark within them: the last one, or the first of two
	csvUnquoted              // in a field without them
	csvValue                 // after a field that is a value
)

func (f *csvFormat) text(s state, text string) (state, int, string) {
	for i := range len(text) {
		c := text[i]
		quoted := s == csvFirst || s == csvQuoted
		switch {
		case quoted && c == '"':
			s = csvMark
		case quoted && c != ' ' && c != '\n' && c != '\r' && c != '\t':
			s = csvQuoted
		case quoted:
		case f.separates(c):
			s = csvStart
		case s == csvMark && c == '"':
			s = csvQuoted
		case s == csvMark, s == csvValue:
			return s, i, "a separator or the end of the line must follow: write a field as one value, or within quotation marks"
		case s == csvStart && c == '"':
			s = csvFirst
		case c == '"':
			return s, i, "a quotation mark in the middle of a field: begin the field with it"
		default:
			s = csvUnquoted
		}
	}
	return s, 0, ""
}

func (f *csvFormat) separates(c byte) bool {
	if f.separator == 0 && strings.IndexByte(",;\t", c) >= 0 {
		f.separator = c
	}
	return c == f.separator || c == '\n' || c == '\r'
}

func (f *csvFormat) value(s state) (string, state, string) {
	switch s {
	case csvStart:
		return "_csv", csvValue, ""
	case csvFirst:
		return "_csvFirst", s, "" // it may be empty, and the next one the first
	case csvQuoted:
		return "_csvInside", s, ""
	}
	return "", s, "a value after something else in its field: write the field within quotation marks"
}

func (f *csvFormat) join(a, b state) (state, bool) {
	a, b = min(a, b), max(a, b)
	switch {
	case a == b:
		return a, true
	case a == csvStart && b == csvValue:
		return csvValue, true
	case a == csvFirst && b == csvQuoted:
		return csvFirst, true
	}
	return a, false
}

func (f *csvFormat) end(s state) string {
	if s == csvFirst || s == csvQuoted {
		return "the last field is not closed: a quotation mark is missing"
	}
	return ""
}

func (f *csvFormat) check(out []byte) ([]byte, error) {
	r := csv.NewReader(bytes.NewReader(out))
	r.FieldsPerRecord = -1
	if f.separator != 0 {
		r.Comma = rune(f.separator)
	}
	if _, err := r.ReadAll(); err != nil {
		return nil, fmt.Errorf("what comes out is not CSV: %w", err)
	}
	return out, nil
}
