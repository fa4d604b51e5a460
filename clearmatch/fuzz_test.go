package clearmatch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"processmanager/clearmatch"
	"processmanager/ppm"
)

// FuzzParse holds Parse against encoding/json and the strictness that Parse
// promises beyond it: the two must agree about every body, not only about those
// that one of them accepts.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) < 4 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, body := range []string{ // one for each way of being strict
		`{"id":1,"notificationType":"t","x":{"a":[1,{"a":null}],"A":-1.5e+7}}`,
		`{"Id":"1","iD":"2"}`, `{"x":{"a":1,"\u0061":2}}`, `{"eventDe\u017fcription":1,"EVENTDESCRIPTION":2}`,
		`{"id":"\ud83d\ude00","notificationType":"\\\ud83d"}`, `{"content":"\ude00"}`, "{\"x\":\"\xff\"}",
		`{"id":"a\u0007","notificationType":1}`, `{"id":"` + strings.Repeat("9", 201) + `"}`, `{"id":{}}`,
		strings.Repeat(`{"x":[`, 51) + strings.Repeat("]}", 51), `[{}]`, "{} {}", `{"notificationType":"t"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		body := bytes.Clone(sent)
		got, err := clearmatch.Parse(body)
		if !bytes.Equal(body, sent) {
			t.Fatal("the body was changed")
		}
		var fault *clearmatch.Fault
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("%T is no Fault: %v", err, err)
		}

		body = bytes.TrimPrefix(body, []byte("\ufeff"))
		if refusal := strictly(body); refusal != "" {
			if fault == nil || fault.Status() != 400 {
				t.Fatalf("%q: got %v; want 400, for it is %s", body, err, refusal)
			}
		} else if want := loosely(t, body); want.Application == "" || want.Type == "" {
			if fault == nil || fault.Status() != 422 {
				t.Fatalf("%q: got %v; want 422", body, err)
			}
		} else if fault != nil || got != want {
			t.Fatalf("%q: got %+v, %v; want %+v", body, got, err, want)
		}
		if fault != nil {
			placed(t, body, fault)
		}
	})
}

// placed makes sure that f points into body, or just behind its end, or nowhere.
func placed(t *testing.T, body []byte, f *clearmatch.Fault) {
	if !utf8.ValidString(f.Error()) || f.Reason == "" {
		t.Errorf("%q: not a sentence: %q", body, f.Error())
	}
	if f.Line == 0 && f.Column == 0 {
		return
	}
	lines := bytes.Split(body, []byte("\n"))
	if f.Line < 1 || f.Line > len(lines) || f.Column < 1 || f.Column > utf8.RuneCount(lines[f.Line-1])+1 {
		t.Errorf("%q: line %d, column %d is not in it", body, f.Line, f.Column)
	}
}

// loosely reads the six as encoding/json would, names in any case.
func loosely(t *testing.T, body []byte) (n ppm.Notification) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	for name, to := range map[string]*string{
		"id": &n.Application, "notificationType": &n.Type, "partnerCode": &n.Partner,
		"eventDescription": &n.Event, "eventTime": &n.EventTime, "content": &n.Content,
	} {
		for given, value := range members {
			if !strings.EqualFold(given, name) {
				continue
			}
			switch v := value.(type) {
			case string:
				*to = v
			case json.Number:
				*to = v.String()
			case nil:
			default:
				t.Fatalf("%q: %s is %T", body, name, v)
			}
		}
	}
	return n
}

// strictly says why a body must be answered 400, or "".
func strictly(body []byte) string {
	if !json.Valid(body) {
		return "not JSON"
	}
	if !utf8.Valid(body) {
		return "not UTF-8"
	}
	if hasLoneSurrogate(body) {
		return "a lone surrogate"
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	refusal, err := walk(d, 0)
	if err != nil && err != io.EOF {
		return err.Error()
	}
	return refusal
}

var escapes = regexp.MustCompile(`\\(u[0-9a-fA-F]{4}|[^u])`)

// hasLoneSurrogate expects valid JSON, where a backslash begins an escape.
func hasLoneSurrogate(body []byte) bool {
	highEnds := -1 // where a low one must begin
	for _, at := range escapes.FindAllIndex(body, -1) {
		var r uint64
		if at[1]-at[0] == 6 {
			r, _ = strconv.ParseUint(string(body[at[0]+2:at[1]]), 16, 32)
		}
		low := r >= 0xdc00 && r < 0xe000
		if highEnds >= 0 && (!low || highEnds != at[0]) || highEnds < 0 && low {
			return true
		}
		highEnds = -1
		if r >= 0xd800 && r < 0xdc00 {
			highEnds = at[1]
		}
	}
	return highEnds >= 0
}

// walk reads one value and says why it must be refused. depth is that of what
// it stands in.
func walk(d *json.Decoder, depth int) (refusal string, err error) {
	token, err := d.Token()
	if err != nil {
		return "", err
	}
	worse := func(r string) {
		if refusal == "" {
			refusal = r
		}
	}
	delim, nests := token.(json.Delim)
	if depth == 0 && delim != '{' {
		worse("not an object")
	}
	if !nests {
		return refusal, nil
	}
	if depth++; depth > 100 {
		worse("too deep")
	}
	var names []string
	for d.More() {
		var name string
		if delim == '{' {
			token, err := d.Token()
			if err != nil {
				return "", err
			}
			name = token.(string)
			for _, other := range names {
				if name == other || depth == 1 && strings.EqualFold(name, other) {
					worse("a name twice")
				}
			}
			names = append(names, name)
		}
		if depth == 1 && isDocumented(name) {
			var value any
			if err := d.Decode(&value); err != nil {
				return "", err
			}
			text := ""
			switch v := value.(type) {
			case nil:
			case string:
				text = v
			case json.Number:
				text = v.String()
			default:
				worse("of the wrong kind")
			}
			if strings.EqualFold(name, "id") && (len(text) > 200 || strings.ContainsFunc(text, unicode.IsControl)) {
				defer worse("an id not allowed")
			} else if len(text) > 4096 {
				defer worse("a text not allowed")
			}
			continue
		}
		r, err := walk(d, depth)
		if err != nil {
			return "", err
		}
		worse(r)
	}
	_, err = d.Token()
	return refusal, err
}

func isDocumented(name string) bool {
	for _, n := range []string{"id", "notificationType", "partnerCode", "eventDescription", "eventTime", "content"} {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
