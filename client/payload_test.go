package client_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"processmanager/ppm"
)

// A wayOut is a template, and how somebody else reads what comes out.
type wayOut struct {
	name, contentType, template string
	read                        func(body []byte) ([]string, error)
	want                        func(value string) []string
}

const (
	posted  = "{{.notification.eventDescription}}"
	fetched = "{{.application.name}}"
)

// waysOut are the formats that templates know, with a value at each kind of place.
var waysOut = []wayOut{
	{"JSON", "application/json", `{"a": ` + posted + `, "b": [` + fetched + `], "c": "<` + posted + `>", "at ` + fetched + `": {{.application}}}`, readJSON,
		func(v string) []string { return []string{v, v, "<" + v + ">", v, v} }},
	{"form", "application/x-www-form-urlencoded", "a=" + posted + "&b=" + fetched + "&c=x" + posted, readForm,
		func(v string) []string { return []string{v, v, "x" + v} }},
	{"XML", "text/xml", `<n a="` + posted + `" b='` + fetched + `'>` + posted + `<i>` + fetched + `</i></n>`, readXML,
		func(v string) []string { v = asXML(v); return []string{v, v, v, v} }},
	{"HTML", "text/html", `<p title="` + posted + `">` + fetched + `</p>`, readHTML,
		func(v string) []string { v = asHTML(v); return []string{v, v} }},
	{"plain text", "text/plain", "[" + posted + "]", readPlain,
		func(v string) []string { return []string{asPlain(v)} }},
	{"CSV", "text/csv", posted + `,"` + fetched + `","x` + posted + "\"\r\n", readCSV(','),
		func(v string) []string { return []string{asCell(v), asCell(v), "x" + asPlain(v)} }},
	{"CSV with semicolons", "text/csv; charset=utf-8", "a;b\n" + posted + ";" + fetched + "\n", readCSV(';'),
		func(v string) []string { return []string{"a", "b", asCell(v), asCell(v)} }},
	{"CSV with tabs", "text/csv", `"` + posted + "\"\t" + fetched + "\n", readCSV('\t'),
		func(v string) []string { return []string{asCell(v), asCell(v)} }},
}

// P18: payloads stay data.
func TestPayloadsStayDataInWhatIsPosted(t *testing.T) {
	var requests int
	var body []byte
	var got http.Header
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		requests++
		body, _ = io.ReadAll(r.Body)
		got = r.Header
	}))
	defer sink.Close()
	for _, out := range waysOut {
		t.Run(out.name, func(t *testing.T) {
			way := open(t, ppm.WebAddress, map[string]any{"url": sink.URL, "contentType": out.contentType, "template": out.template}, nil)
			for i, value := range hostile {
				requests = 0
				if _, err := way.Deliver(t.Context(), hostileParcel(t, value)); err != nil {
					t.Errorf("%d, %q: %v", i, value, err)
					continue
				}
				read, err := out.read(body)
				if want := out.want(value); err != nil || !slices.Equal(read, want) {
					t.Errorf("%d, %q: %q was sent, which is %q (%v), want %q", i, value, body, read, err, want)
				}
				if requests != 1 || got.Get("Content-Type") != out.contentType || len(got) != 5 {
					t.Errorf("%d, %q: %d requests, the headers were %v", i, value, requests, got)
				}
			}
		})
	}
}

func TestPayloadsStayDataInTheEnvelope(t *testing.T) {
	var body []byte
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { body, _ = io.ReadAll(r.Body) }))
	defer sink.Close()
	way := open(t, ppm.WebAddress, map[string]any{"url": sink.URL}, nil)
	for i, value := range hostile {
		p := hostileParcel(t, value)
		if _, err := way.Deliver(t.Context(), p); err != nil {
			t.Errorf("%d, %q: %v", i, value, err)
			continue
		}
		var got map[string]json.RawMessage
		var n map[string]string
		err := json.Unmarshal(body, &got)
		if err == nil {
			err = json.Unmarshal(got["notification"], &n)
		}
		if err != nil || len(got) != 6 || len(n) != 6 || !bytes.Equal(got["application"], p.Data) {
			t.Errorf("%d, %q: %s was sent (%v)", i, value, body, err)
		}
		for name, member := range n {
			if member != value {
				t.Errorf("%d, %q: %s is %q", i, value, name, member)
			}
		}
	}
}

func readJSON(body []byte) ([]string, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(body, &top); err != nil {
		return nil, err
	}
	if len(top) != 4 {
		return nil, fmt.Errorf("%d members", len(top))
	}
	var a, c string
	var b []string
	err := errors.Join(json.Unmarshal(top["a"], &a), json.Unmarshal(top["b"], &b), json.Unmarshal(top["c"], &c))
	if err != nil || len(b) != 1 {
		return nil, fmt.Errorf("%d elements, %v", len(b), err)
	}
	all := []string{a, b[0], c}
	for name, member := range top {
		value, ours := strings.CutPrefix(name, "at ")
		if !ours {
			continue
		}
		var object map[string]any
		if err := json.Unmarshal(member, &object); err != nil {
			return nil, err
		}
		inside, ok := object["name"].(string)
		if !reflect.DeepEqual(object["of "+value], []any{value}) || !ok {
			return nil, fmt.Errorf("the object is %v", object)
		}
		all = append(all, value, inside)
	}
	return all, nil
}

func readForm(body []byte) ([]string, error) {
	form, err := url.ParseQuery(string(body))
	if len(form) != 3 {
		return nil, fmt.Errorf("%d names: %v", len(form), err)
	}
	return slices.Concat(form["a"], form["b"], form["c"]), err
}

func readXML(body []byte) ([]string, error) {
	var n struct {
		A    string `xml:"a,attr"`
		B    string `xml:"b,attr"`
		Text string `xml:",chardata"`
		I    string `xml:"i"`
		More []any  `xml:",any"`
	}
	err := xml.Unmarshal(body, &n)
	if len(n.More) > 0 {
		err = errors.New("more elements")
	}
	return []string{n.A, n.B, n.Text, n.I}, err
}

func readHTML(body []byte) ([]string, error) {
	rest, begins := strings.CutPrefix(string(body), `<p title="`)
	rest, ends := strings.CutSuffix(rest, "</p>")
	title, text, two := strings.Cut(rest, `">`)
	if !begins || !ends || !two || strings.ContainsAny(title+text, `<>"`) {
		return nil, errors.New("this is not one attribute and one text")
	}
	return []string{html.UnescapeString(title), html.UnescapeString(text)}, nil
}

func readPlain(body []byte) ([]string, error) {
	return []string{strings.TrimSuffix(strings.TrimPrefix(string(body), "["), "]")}, nil
}

func readCSV(separator rune) func([]byte) ([]string, error) {
	return func(body []byte) ([]string, error) {
		r := csv.NewReader(bytes.NewReader(body))
		r.Comma = separator
		rows, err := r.ReadAll()
		return slices.Concat(rows...), err
	}
}
