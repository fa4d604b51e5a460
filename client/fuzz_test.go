package client_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"

	"processmanager/client"
)

// P18: payloads stay data. What is taken in is always UTF-8.
func FuzzPayloadsStayData(f *testing.F) {
	templates := make([]*client.Template, len(waysOut))
	for i, out := range waysOut {
		t, err := client.ParseTemplate(out.template, out.contentType)
		if err != nil {
			f.Fatal(err)
		}
		templates[i] = t
	}
	for _, value := range hostile {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) {
			return
		}
		p := hostileParcel(t, value)
		for i, out := range waysOut {
			text, err := templates[i].Execute(p)
			if err != nil {
				t.Errorf("%s of %q: %v", out.name, value, err)
				continue
			}
			read, err := out.read(text)
			if want := out.want(value); err != nil || !slices.Equal(read, want) {
				t.Errorf("%s of %q: %q, which is %q (%v), want %q", out.name, value, text, read, err, want)
			}
		}
	})
}

// Whatever JSON an application is, it goes out as it came.
func FuzzApplicationsStayWhatTheyAre(f *testing.F) {
	whole, err := client.ParseTemplate("[{{.application}}]", "application/json")
	if err != nil {
		f.Fatal(err)
	}
	for _, data := range []string{`{"a":1e400,"b":[-0,0.10,12345678901234567890],"c":null}`, ` "x" `, "\xef\xbb\xbf{}", `{"a":{"a":[[[]]]},"a":2}`, `"\ud800"`, `[`, `nul`, "\"\xff\"", ""} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := parcel("A1")
		p.Data = append([]byte{}, data...)
		proper := json.Valid(data) && utf8.Valid(data)
		text, err := whole.Execute(p)
		if err != nil && proper || err == nil && !json.Valid(text) {
			t.Fatalf("%q became %q, %v", data, text, err)
		}
		envelope, err := client.Envelope(p)
		if err != nil && proper || err == nil && !json.Valid(envelope) {
			t.Fatalf("%q became %q, %v", data, envelope, err)
		}
		if !proper {
			return
		}
		if want := decode(t, slices.Concat([]byte("["), data, []byte("]"))); !reflect.DeepEqual(decode(t, text), want) {
			t.Errorf("%q became %q", data, text)
		}
		if !bytes.Contains(envelope, append([]byte(`"application":`), bytes.TrimSpace(data)...)) {
			t.Errorf("%q became %q", data, envelope)
		}
	})
}

// decode reads JSON, with numbers as they are written.
func decode(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	check(t, d.Decode(&v))
	return v
}
