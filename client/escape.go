package client

import (
	"encoding/xml"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// printers are the functions that write a value, by the names under which
// formats ask for them.
var printers = map[string]func(v any) (string, error){
	"_json":       jsonValue,
	"_jsonInside": of(jsonInside),
	"_form":       of(url.QueryEscape),
	"_csv":        csvField,
	"_csvFirst":   of(func(s string) string { return csvInside(defused(visible(s))) }),
	"_csvInside":  of(func(s string) string { return csvInside(visible(s)) }),
	"_xml":        of(xmlText),
	"_plain":      of(visible),
	"_text":       plainText, // for html/template, which escapes it
}

func of(escape func(string) string) func(any) (string, error) {
	return func(v any) (string, error) {
		s, err := plainText(v)
		return escape(s), err
	}
}

var errWhole = errors.New("this is not one value: choose a member of it, such as .notification.id")

// plainText returns v as text: what is text as it is, numbers with every digit,
// null as nothing, objects and lists as JSON.
func plainText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case number:
		return string(v), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case bool:
		return strconv.FormatBool(v), nil
	case null:
		return "", nil
	}
	return jsonValue(v)
}

// jsonValue returns v as a complete JSON value.
func jsonValue(v any) (string, error) {
	switch v.(type) {
	case string, number, int, float64, bool, null, map[string]any, []any:
		text, err := jsonText(v)
		return string(text), err
	}
	return "", errWhole
}

// jsonInside returns s as it is written between the quotation marks of a JSON string.
func jsonInside(s string) string {
	text, err := jsonText(s)
	if err != nil {
		panic(err) // no text is impossible to write
	}
	return string(text[1 : len(text)-1])
}

// csvField returns v as a whole field. Text is in quotation marks, so that no
// separator in it counts, and numbers are not.
func csvField(v any) (string, error) {
	s, err := plainText(v)
	if err != nil {
		return "", err
	}
	switch v.(type) {
	case number, int, float64, bool, null:
		return s, nil
	}
	return `"` + csvInside(defused(visible(s))) + `"`, nil
}

func csvInside(s string) string { return strings.ReplaceAll(s, `"`, `""`) }

// defused returns s so that no spreadsheet takes it for a formula.
// See https://owasp.org/www-community/attacks/CSV_Injection.
func defused(s string) string {
	begin := strings.TrimLeftFunc(s, unicode.IsSpace)
	if begin != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(begin)[0]) || strings.HasPrefix(s, "\t") {
		return "'" + s
	}
	return s
}

func xmlText(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return b.String()
}

// visible returns s without control characters other than line feed and tab,
// and without those that make text run the other way, to look like another one.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, s)
}
