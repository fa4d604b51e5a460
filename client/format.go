package client

import (
	"fmt"
	"mime"
	"net/url"
	"strings"
	"unicode"

	"bytes"
	"errors"
)

// A format is a kind of text in which a value can be written so that it stays
// one. It follows the text that a template writes itself from state to state,
// to know what a value at some place would be in.
type format interface {
	// text returns the state after text that begins in s, or what is wrong with it and where.
	text(s state, text string) (next state, offset int, problem string)

	// value returns which of the printers writes a value at s, and the state after it.
	value(s state) (printer string, next state, problem string)

	// join returns the state where two ways through a template meet.
	join(a, b state) (joined state, ok bool)

	// end says what is wrong with text that ends in s.
	end(s state) string

	// check returns what a template made, in the form in which it can leave, if it is right.
	check(out []byte) ([]byte, error)
}

// A state is where in a text one is. Each format begins with 0.
type state int

// formatOf returns the format of a content type.
func formatOf(contentType string) (format, error) {
	name, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fmt.Errorf("%q is no content type", contentType)
	}
	switch {
	case name == "application/json", strings.HasSuffix(name, "+json"):
		return jsonFormat{}, nil
	case name == "application/x-www-form-urlencoded":
		return formFormat{stateless{"_form"}}, nil
	case name == "text/csv":
		return new(csvFormat), nil
	case name == "text/html":
		return htmlFormat{stateless{"_text"}}, nil
	case name == "text/xml", name == "application/xml", strings.HasSuffix(name, "+xml"):
		return xmlFormat{}, nil
	case name == "text/plain":
		return stateless{"_plain"}, nil
	}
	return nil, fmt.Errorf("nobody can say how values are written in %s: with a template, contentType is application/json, application/x-www-form-urlencoded, text/csv, text/html, text/xml or text/plain", name)
}

// isContentType reports whether s can be the value of the header of that name.
func isContentType(s string) bool {
	name, params, err := mime.ParseMediaType(s)
	charset := params["charset"]
	return err == nil && strings.Contains(name, "/") && !strings.ContainsFunc(s, unicode.IsControl) &&
		(charset == "" || strings.EqualFold(charset, "utf-8"))
}

// stateless is the format of text in which a value is written alike everywhere.
type stateless struct{ printer string }

func (stateless) text(s state, _ string) (state, int, string) { return s, 0, "" }
func (f stateless) value(s state) (string, state, string)     { return f.printer, s, "" }
func (stateless) join(a, _ state) (state, bool)               { return a, true }
func (stateless) end(state) string                            { return "" }
func (stateless) check(out []byte) ([]byte, error)            { return out, nil }

// htmlFormat leaves it to html/template to know where a value is.
type htmlFormat struct{ stateless }

// formFormat is what pages send. It is one line, whatever the template's is.
type formFormat struct{ stateless }

func (formFormat) check(out []byte) ([]byte, error) {
	out = bytes.TrimSpace(out)
	if _, err := url.ParseQuery(string(out)); err != nil || bytes.ContainsFunc(out, unicode.IsSpace) {
		return nil, errors.New("what comes out is no form: write name={{…}}&name={{…}} on one line")
	}
	return out, nil
}
