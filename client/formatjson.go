package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// jsonFormat is JSON. Within quotation marks a value adds to the string there;
// outside it is written as a value of its own.
type jsonFormat struct{}

const (
	jsonOutside state = iota
	jsonString
	jsonEscape // after a backslash
)

func (jsonFormat) text(s state, text string) (state, int, string) {
	for i := range len(text) {
		switch {
		case s == jsonEscape:
			s = jsonString
		case s == jsonString && text[i] == '\\':
			s = jsonEscape
		case s == jsonString && text[i] == '"':
			s = jsonOutside
		case s == jsonOutside && text[i] == '"':
			s = jsonString
		}
	}
	return s, 0, ""
}

func (jsonFormat) value(s state) (string, state, string) {
	switch s {
	case jsonString:
		return "_jsonInside", s, ""
	case jsonEscape:
		return "", s, "a backslash before a value: leave it out, the value is written as it must be"
	}
	return "_json", s, ""
}

func (jsonFormat) join(a, b state) (state, bool) { return a, a == b }

func (jsonFormat) end(s state) string {
	if s != jsonOutside {
		return "the last string is not closed: a quotation mark is missing"
	}
	return ""
}

func (jsonFormat) check(out []byte) ([]byte, error) {
	var wrong *json.SyntaxError
	var value json.RawMessage
	err := json.Unmarshal(out, &value)
	switch {
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("what comes out is not JSON: %w, after %d bytes", err, wrong.Offset)
	case err != nil:
		return nil, fmt.Errorf("what comes out is not JSON: %w", err)
	case !utf8.Valid(out):
		return nil, errors.New("what comes out is not JSON, because it is not UTF-8")
	}
	return out, nil
}
