package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"processmanager/ppm"
)

// MaxPage is the most that one request for a list may ask for.
const MaxPage = 1000

func pageOf(q url.Values) (ppm.Page, error) {
	limit, err := limitOf(q)
	if err != nil {
		return ppm.Page{}, err
	}
	p := ppm.Page{After: ppm.Receipt(q.Get("after")), Limit: limit}
	switch q.Get("order") {
	case "", "newest":
	case "oldest":
		p.OldestFirst = true
	default:
		return ppm.Page{}, badRequest(`order: give "newest" or "oldest", the one to come first`)
	}
	return p, nil
}

func limitOf(q url.Values) (int, error) {
	v := q.Get("limit")
	if v == "" {
		return 50, nil
	}
	limit, err := strconv.Atoi(v)
	if err != nil || limit < 1 || limit > MaxPage {
		return 0, badRequest(fmt.Sprintf("limit: give a number from 1 to %d", MaxPage))
	}
	return limit, nil
}

// beforeOf returns the number that a list is to go on below; 0: from the newest.
func beforeOf(q url.Values) (int64, error) {
	v := q.Get("before")
	if v == "" {
		return 0, nil
	}
	before, err := strconv.ParseInt(v, 10, 64)
	if err != nil || before < 1 {
		return 0, badRequest("before: give the number of the last one seen")
	}
	return before, nil
}

// numberOf returns the number in the address.
func numberOf(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil || n < 1 {
		return 0, badRequest(fmt.Sprintf("%q: give a number, from 1", r.PathValue("number")))
	}
	return n, nil
}

// byOf returns who asks, as the asker says: whoever has the token may do it all,
// so that this is for the audit log and not for a check.
func byOf(r *http.Request) (string, error) {
	by := r.URL.Query().Get("by")
	if by == "" || len(by) > 256 || !utf8.ValidString(by) || strings.ContainsFunc(by, unicode.IsControl) {
		return "", badRequest("by: say who does this, for the audit log, as in ?by=maria")
	}
	return by, nil
}

// orderOf returns who asks and reads what for.
func orderOf(r *http.Request, v any) (by string, err error) {
	if by, err = byOf(r); err != nil {
		return "", err
	}
	return by, read(r, v)
}

// maxOrder is the most that a request's body may hold: settings of a client
// with a long template and its secrets fit well.
const maxOrder = 1 << 20

// read decodes the body of r, one JSON value without members that v does not
// have: a misspelt one must not be left out silently. What is told of a body
// that cannot be read never repeats its values, which may be secrets.
func read(r *http.Request, v any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		if _, err = dec.Token(); err == io.EOF {
			return nil
		}
		return badRequest("the body: give one JSON value and nothing after it")
	}
	var (
		kind   *json.UnmarshalTypeError
		syntax *json.SyntaxError
		large  *http.MaxBytesError
	)
	switch {
	case errors.As(err, &kind):
		return badRequest(fmt.Sprintf("the body: %s: a value of another kind is wanted (%s)", kind.Field, kind.Type))
	case errors.As(err, &syntax):
		return badRequest(fmt.Sprintf("the body is no JSON, from byte %d on", syntax.Offset))
	case errors.As(err, &large):
		return badRequest(fmt.Sprintf("the body: at most %d bytes", large.Limit))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return badRequest("the body: a JSON value is missing, or its end")
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return badRequest("the body: unknown field " + strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return badRequest("the body cannot be read as what is wanted here")
}
