package clearmatch_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"processmanager/clearmatch"
	"processmanager/ppm"
)

// sample returns a body as it stands on the wire.
func sample(t testing.TB, file string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestSamplesAreReadAsSent(t *testing.T) {
	const api = "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/"
	for file, want := range map[string]ppm.Notification{
		"documented.json": {
			Application: "A056035", Type: "batchApplicationStatusChange", Partner: "XXXXXXXX",
			EventTime: "2017-01-01T00:00:00", Content: api + "A056035",
		},
		"dotnet-date.json": {
			Application: "A056037", Type: "batchApplicationStatusChange", Partner: "XXXXXXXX",
			EventTime: "/Date(1483228800000+1100)/", Content: api + "A056037",
		},
		"dotnet-pascal-bom.json": {
			Application: "A056036", Type: "listingStatusChange", Partner: "XXXXXXXX", Event: "Posted",
			EventTime: "2017-01-01T00:00:00.1234567+11:00", Content: api + "A056036",
		},
	} {
		got, err := clearmatch.Parse(sample(t, file))
		if got != want || err != nil {
			t.Errorf("%s: got %+v, %v; want %+v", file, got, err, want)
		}
	}
}

func TestPublishedSampleIsToldOfItsComma(t *testing.T) {
	_, err := clearmatch.Parse(sample(t, "as-published.txt"))
	const want = `line 2, column 15: a comma is missing after the member "id"; the next member begins on line 3, column 1`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestLenient(t *testing.T) {
	const base = `"id":"1","notificationType":"t"`
	want := ppm.Notification{Application: "1", Type: "t"}
	with := func(change func(*ppm.Notification)) ppm.Notification {
		n := want
		change(&n)
		return n
	}
	for _, tt := range []struct {
		what, body string
		want       ppm.Notification
	}{
		{"byte-order mark", "\ufeff{" + base + "}", want},
		{"white space of every kind", " \t\r\n{" + base + "} \t\r\n", want},
		{"upper case", `{"ID":"1","NOTIFICATIONTYPE":"t"}`, want},
		{"a long s and escapes in names", `{"\u0069d":"1","notificationType":"t","eventDe\u017fcription":"e"}`, with(func(n *ppm.Notification) { n.Event = "e" })},
		{"absent, null and empty alike", `{` + base + `,"partnerCode":null,"eventTime":""}`, want},
		{"unknown members", `{` + base + `,"a":[1,{"id":true,"ID":[]},[],{}],"":null,"b":-1.5e+10,"c":false}`, want},
		{"a digit name next to a folded one", `{` + base + `,"1":1,"2":2}`, want},
		{"a number", `{"id":56035,"notificationType":"t"}`, with(func(n *ppm.Notification) { n.Application = "56035" })},
		{"a number's digits as sent", `{"id":-1234567890123456789012345678901234567890.10E+2,"notificationType":"t"}`,
			with(func(n *ppm.Notification) { n.Application = "-1234567890123456789012345678901234567890.10E+2" })},
		{"zero", `{"id":0,"notificationType":-0}`, ppm.Notification{Application: "0", Type: "-0"}},
		{"every escape", `{` + base + `,"content":"\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00\u0000"}`,
			with(func(n *ppm.Notification) { n.Content = "\"\\/\b\f\n\r\té€😀\x00" })},
		{"neither trimmed nor folded", `{"id":" A ","notificationType":"É\u0301"}`, ppm.Notification{Application: " A ", Type: "É\u0301"}},
		{"a byte-order mark within a text", `{` + base + "," + "\"content\":\"\ufeff\ufffd\"}", with(func(n *ppm.Notification) { n.Content = "\ufeff\ufffd" })},
		{"nested as deep as allowed", `{` + base + `,"x":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`, want},
		{"deep twice", `{` + base + `,"x":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `,"y":` + strings.Repeat(`{"":`, 98) + "{}" + strings.Repeat("}", 98) + `}`, want},
		{"many objects and lists side by side", `{` + base + `,"x":[` + strings.Repeat("{},[],", 200) + `0]}`, want},
		{"an id as long as allowed", `{"id":"` + strings.Repeat("é", 100) + `","notificationType":"t"}`, ppm.Notification{Application: strings.Repeat("é", 100), Type: "t"}},
		{"one name in several objects", `{` + base + `,"x":{"a":{"a":1},"b":{"a":1}},"y":[{"a":1},{"a":2}]}`, want},
		{"names that differ in case, within", `{` + base + `,"x":{"a":1,"A":2}}`, want},
	} {
		got, err := clearmatch.Parse([]byte(tt.body))
		if got != tt.want || err != nil {
			t.Errorf("%s: %s\ngot  %+v, %v\nwant %+v", tt.what, tt.body, got, err, tt.want)
		}
	}
}

func TestParseKeepsNothingOfTheBody(t *testing.T) {
	body := sample(t, "dotnet-date.json")
	got, err := clearmatch.Parse(body)
	before := fmt.Sprint(got)
	clear(body)
	if after := fmt.Sprint(got); err != nil || after != before {
		t.Errorf("%v; %s became %s", err, before, after)
	}
}

func TestParseAllocatesLittle(t *testing.T) {
	for _, file := range []string{"documented.json", "dotnet-date.json", "dotnet-pascal-bom.json"} {
		body := sample(t, file)
		if n := testing.AllocsPerRun(100, func() { _, _ = clearmatch.Parse(body) }); n > 4 {
			t.Errorf("%s: %v allocations", file, n)
		}
	}
}

// Comparing each name with each takes more than a hundred times as long as
// encoding/json needs for the same body; Parse takes about as long.
func TestManyNamesAreNotQuadratic(t *testing.T) {
	for what, before := range map[string]string{
		"in the envelope": `{"id":1,"notificationType":1`,
		"within it":       `{"id":1,"notificationType":1,"x":{"":0`,
	} {
		var b strings.Builder
		b.WriteString(before)
		for i := range 100_000 {
			fmt.Fprintf(&b, `,"%x":1`, i)
		}
		b.WriteString(strings.Repeat("}", strings.Count(before, "{")))
		body := []byte(b.String())

		start := time.Now()
		if _, err := clearmatch.Parse(body); err != nil {
			t.Fatal(what, err)
		}
		took := time.Since(start)
		start = time.Now()
		var yardstick map[string]any
		if err := json.Unmarshal(body, &yardstick); err != nil {
			t.Fatal(what, err)
		}
		if usual := time.Since(start); took > 10*usual {
			t.Errorf("%s: 100,000 names took %v; encoding/json takes %v", what, took, usual)
		}
	}
}
