package clearmatch_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"processmanager/clearmatch"
)

// What each body is answered with, word for word.
func TestFaults(t *testing.T) {
	const base = `"id":"1","notificationType":"t"`
	for _, tt := range []struct{ body, want string }{
		// Something else altogether.
		{"", "the body is empty; a notification is one JSON object, { … }"},
		{"\ufeff \n", "the body is empty; a notification is one JSON object, { … }"},
		{"\xff\xfe{\x00}\x00", "the body is in UTF-16 or UTF-32; send it in UTF-8"},
		{"\xfe\xff\x00{\x00}", "the body is in UTF-16 or UTF-32; send it in UTF-8"},
		{"{\x00}\x00", "the body is in UTF-16 or UTF-32; send it in UTF-8"},
		{"\x00{\x00}", "the body is in UTF-16 or UTF-32; send it in UTF-8"},
		{"\x1f\x8b\x08\x00", "the body is compressed with gzip; send it as it is"},
		{"<?xml version='1.0'?>", "line 1, column 1: this is XML or HTML; a notification is one JSON object, { … }"},
		{"\n[{" + base + "}]", "line 2, column 1: this is a list; a notification is one JSON object, { … }: post each notification of the list by itself"},
		{`'{"id":1}'`, "line 1, column 1: the object stands in single quotes; cmd.exe on Windows sends them along: put the object in a file and post the file"},
		{`"{\"id\":1}"`, "line 1, column 1: the object stands in double quotes, as if it were a text: turn it into JSON once, not twice"},
		{"--b\r\nContent-Disposition: form-data", "line 1, column 1: this is a multipart form; a notification is one JSON object, { … }"},
		{"id=A056035&content=x", "line 1, column 1: this is a web form, name=value; a notification is one JSON object, { … } (in PowerShell: ConvertTo-Json)"},
		{"%7B%22id%22%3A1%7D", "line 1, column 1: this is a web form, name=value; a notification is one JSON object, { … } (in PowerShell: ConvertTo-Json)"},
		{"null", "line 1, column 1: a notification is one JSON object, { … }, but this begins with the character n"},
		{"12", "line 1, column 1: a notification is one JSON object, { … }, but this begins with a number"},
		{`"x"`, "line 1, column 1: a notification is one JSON object, { … }, but this begins with a text"},
		{"'x'", "line 1, column 1: texts and names stand in double quotes, not in single ones"},

		// Behind the object.
		{"{" + base + "}\n{" + base + "}", "line 2, column 1: a second object begins here; post each notification by itself"},
		{"{" + base + "},\n{" + base + "}", "line 2, column 1: a second object begins here; post each notification by itself"},
		{"{" + base + "}}", "line 1, column 34: this closing } is one too many: the object has ended already"},
		{"{" + base + "};", "line 1, column 34: the object has ended; nothing may follow it, but here is the character ;"},
		{"{" + base + "}\x00", "line 1, column 34: here is the invisible character U+0000; take it out"},

		// Names.
		{"{", "line 1, column 2: the body ends here, but what begins on line 1, column 1 with { is not closed: } is missing"},
		{"{\n  'id': 1}", "line 2, column 3: texts and names stand in double quotes, not in single ones"},
		{"{\n  “id”: 1}", `line 2, column 3: here is the typographic quote “; texts and names stand in straight double quotes, "`},
		{"{id:A056035}", `line 1, column 2: the name "id" stands without double quotes; if they were lost on a command line, put the object in a file and post the file`},
		{"{é:1}", `line 1, column 2: the name "é" stands without double quotes; if they were lost on a command line, put the object in a file and post the file`},
		{"{:1}", "line 1, column 2: a name in double quotes is missing before this colon"},
		{"{-:1}", "line 1, column 2: a name in double quotes was expected, but here is a number"},
		{"{]", "line 1, column 2: here is ], but what begins on line 1, column 1 with { must first be closed with }"},
		{"{// comment\n" + base + "}", "line 1, column 2: JSON has no comments"},
		{"{\u00a0\"id\":1}", "line 1, column 2: here is the invisible character U+00A0; take it out"},
		{"{\xe9:1}", "line 1, column 2: the byte 0xE9 is not UTF-8; send the body in UTF-8 and not in a code page such as Windows-1252"},

		// Colons.
		{`{"id"`, `line 1, column 6: the body ends after the name "id"; a colon and a value are missing`},
		{`{"id" "1"}`, `line 1, column 6: a colon is missing after the name "id"`},
		{`{"id: "1"}`, `line 1, column 8: a colon is missing after the name "id: ": is there no double quote before the one within it?`},
		{`{"id"="1"}`, `line 1, column 6: between the name "id" and its value stands a colon, not =`},
		{`{"id","1"}`, `line 1, column 6: a colon and a value are missing after the name "id"`},
		{`{"` + strings.Repeat("ü", 50) + `"}`, `line 1, column 54: a colon and a value are missing after the name "` + strings.Repeat("ü", 40) + `…"`},

		// Values.
		{`{"id": `, `line 1, column 7: the body ends where the value of "id" was expected`},
		{`{"id": , "a": 1}`, `line 1, column 7: the value of "id" is missing; if there is none, write null`},
		{`{"a": }`, `line 1, column 6: the value of "a" is missing; if there is none, write null`},
		{`{"id":: 1}`, `line 1, column 7: the value of "id" was expected, but here is another :`},
		{`{"id": 'x'}`, "line 1, column 8: texts and names stand in double quotes, not in single ones"},
		{`{"id": ‘x’}`, `line 1, column 8: here is the typographic quote ‘; texts and names stand in straight double quotes, "`},
		{`{"id": A056035}`, `line 1, column 8: the value of "id" stands without double quotes; if they were lost on a command line, put the object in a file and post the file`},
		{`{"a": True}`, "line 1, column 7: JSON writes true in small letters"},
		{`{"id": NULL}`, "line 1, column 8: JSON writes null in small letters"},
		{`{"id": undefined}`, "line 1, column 8: JSON has no undefined; write null"},
		{`{"id": nulls}`, `line 1, column 8: the value of "id" stands without double quotes; if they were lost on a command line, put the object in a file and post the file`},
		{`{"id": (1)}`, `line 1, column 8: the value of "id" was expected, but here is the character (`},
		{`{"id": 056035}`, "line 1, column 8: a number cannot begin with 0; if the 0 counts, as in an application's number, put the value in double quotes"},
		{`{"id": +1}`, "line 1, column 8: a number begins with a digit or a minus sign, not with +"},
		{`{"id": .5}`, "line 1, column 8: a number has a digit before its decimal point"},
		{`{"id": -}`, "line 1, column 9: a digit is missing after the minus sign"},
		{`{"id": 1.}`, "line 1, column 10: a digit is missing after the decimal point"},
		{`{"id": 1e+}`, "line 1, column 11: a digit is missing in the number's exponent"},
		{`{"eventTime": 2017-01-01}`, "line 1, column 19: the number ends here, yet the value goes on; a value that is not a plain number stands in double quotes"},

		// Commas and what closes.
		{"{" + `"id": "1"` + "\n", "line 1, column 11: the body ends here, but what begins on line 1, column 1 with { is not closed: } is missing"},
		{`{"a": {"b": 1`, "line 1, column 14: the body ends here, but what begins on line 1, column 7 with { is not closed: } is missing"},
		{`{"a": [1`, "line 1, column 9: the body ends here, but what begins on line 1, column 7 with [ is not closed: ] is missing"},
		{"{" + base + ",\n}", "line 1, column 33: this comma is one too many: something must stand between commas, and nothing after the last"},
		{`{"id":1,,"a":2}`, "line 1, column 9: this comma is one too many: something must stand between commas, and nothing after the last"},
		{`{,"id":1}`, "line 1, column 2: this comma is one too many: something must stand between commas, and nothing after the last"},
		{`{"id":"1";"a":2}`, `line 1, column 10: a comma belongs here, after the member "id", not a semicolon`},
		{`{"id":"1" content:"x"}`, `line 1, column 11: a comma or the closing } was expected after the member "id", but here is the character c`},
		{`{"id":"1"]`, "line 1, column 10: here is ], but what begins on line 1, column 1 with { must first be closed with }"},
		{`{"a":[1}`, "line 1, column 8: here is }, but what begins on line 1, column 6 with [ must first be closed with ]"},
		{`{"a":[}`, "line 1, column 7: here is }, but what begins on line 1, column 6 with [ must first be closed with ]"},
		{`{"a":[1,]}`, "line 1, column 8: this comma is one too many: something must stand between commas, and nothing after the last"},
		{`{"a":[,1]}`, "line 1, column 7: the value in the list that begins on line 1, column 6 is missing; if there is none, write null"},
		{`{"a":["x"` + "\n" + `"y"]}`, "line 1, column 10: a comma is missing after this value; the next value begins on line 2, column 1"},
		{`{"a":[1 2]}`, "line 1, column 9: a comma or the closing ] was expected after this value, but here is a number"},
		{`{"a":"he said "hello" to me"}`, `line 1, column 15: the text ends at this double quote, yet it goes on; a double quote within a text is written \"`},

		// Texts.
		{"{\"id\": \"1,\n\"a\": 2}", `line 1, column 11: the double quote that ends the text from line 1, column 8 is missing on this line; a line break within a text is written \n`},
		{`{"id": "1`, "line 1, column 10: the double quote that ends the text from line 1, column 8 is missing"},
		{`{"id": "1\`, "line 1, column 11: the body ends within a text"},
		{"{\"a\": \"é\t\"}", `line 1, column 9: a tab within a text is written \t`},
		{"{\"a\": \"\x00\"}", `line 1, column 8: the control character U+0000 within a text is written \u0000`},
		{`{"a": "C:\Temp"}`, `line 1, column 10: a backslash within a text is written \\`},
		{`{"a": "it\'s"}`, "line 1, column 10: a single quote is written without a backslash"},
		{`{"a": "\u12G4"}`, `line 1, column 8: \u takes four hexadecimal digits, as in \u00e9`},
		{`{"a": "\u12`, `line 1, column 8: \u takes four hexadecimal digits, as in \u00e9`},
		{`{"a": "\uD83D\u0041"}`, `line 1, column 8: \ud83d is half of a surrogate pair without the other half; such a text has no UTF-8 form`},
		{`{"a": "\uDE00\uD83D"}`, `line 1, column 8: \ude00 is half of a surrogate pair without the other half; such a text has no UTF-8 form`},
		{"{\"a\": \"caf\xe9\"}", "line 1, column 11: the byte 0xE9 is not UTF-8; send the body in UTF-8 and not in a code page such as Windows-1252"},
		{"{\"a\": \"\xed\xa0\x80\"}", "line 1, column 8: the byte 0xED is not UTF-8; send the body in UTF-8 and not in a code page such as Windows-1252"},

		// JSON, but not a notification that all would read alike.
		{"{" + base + ",\n\"ID\":2}", `line 2, column 1: the name "ID" is the same as "id" on line 1, column 2: case makes no difference`},
		{"{" + base + ",\n\"\\u0069d\":2}", `line 2, column 1: the name "id" is given twice in one object; first on line 1, column 2`},
		{"{" + base + `,"ſ":1,"S":2}`, `line 1, column 40: the name "S" is the same as "ſ" on line 1, column 34: case makes no difference`},
		{"{" + base + ",\"\u03a9\":1,\"\u2126\":2}", "line 1, column 40: the name \"\u2126\" is the same as \"\u03a9\" on line 1, column 34: case makes no difference"},
		{"{" + base + `,"x":[{"a":1,"b":2,"\u0061":3}]}`, `line 1, column 52: the name "a" is given twice in one object; first on line 1, column 40`},
		{`{"id":true}`, `line 1, column 7: "id" must be a text or a number, but here is true`},
		{`{"CONTENT":{}}`, `line 1, column 12: "content" must be a text or a number, but here is an object`},
		{`{"eventTime":[1]}`, `line 1, column 14: "eventTime" must be a text or a number, but here is a list`},
		{"{" + base + `,"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", "line 1, column 137: objects and lists are nested more than 100 deep"},
		{`{"x":` + strings.Repeat(`{"y":`, 200_000), "line 1, column 501: objects and lists are nested more than 100 deep"},
		{`{"id":"1","notificationType":"t","content":"` + strings.Repeat("h", 4097) + `"}`, `line 1, column 44: "content" is 4097 bytes long; 4096 are allowed`},
		{`{"id":"` + strings.Repeat("é", 100) + `1","notificationType":"t"}`, `line 1, column 7: "id" is 201 bytes long; 200 are allowed`},
		{`{"id":` + strings.Repeat("1", 201) + `,"notificationType":"t"}`, `line 1, column 7: "id" is 201 bytes long; 200 are allowed`},
		{`{"id":"` + strings.Repeat("1", 201) + `"}`, `line 1, column 7: "id" is 201 bytes long; 200 are allowed`},
		{`{"id":"a\nb","notificationType":"t"}`, `line 1, column 7: "id" has the control character U+000A in it; none is allowed`},
		{"{\"id\":\"a\u0085\",\"notificationType\":\"t\"}", `line 1, column 7: "id" has the control character U+0085 in it; none is allowed`},
	} {
		_, err := clearmatch.Parse([]byte(tt.body))
		var f *clearmatch.Fault
		if !errors.As(err, &f) || f.Error() != tt.want || f.Status() != http.StatusBadRequest || f.Member != "" {
			t.Errorf("%.200s\ngot  %v\nwant %s", tt.body, err, tt.want)
		}
	}
}

func TestMissingMembersAreUnprocessable(t *testing.T) {
	for _, tt := range []struct{ body, member, want string }{
		{"{}", "id", `the member "id" is missing`},
		{`{"notificationType":"t"}`, "id", `the member "id" is missing`},
		{`{"id":"1"}`, "notificationType", `the member "notificationType" is missing`},
		{"{\"Id\":\n\"\"}", "id", `line 2, column 1: the member "id" is empty`},
		{`{"id":"1","notificationType":null}`, "notificationType", `line 1, column 30: the member "notificationType" is empty`},
	} {
		_, err := clearmatch.Parse([]byte(tt.body))
		var f *clearmatch.Fault
		if !errors.As(err, &f) || f.Error() != tt.want || f.Status() != http.StatusUnprocessableEntity || f.Member != tt.member {
			t.Errorf("%s\ngot  %v\nwant %s", tt.body, err, tt.want)
		}
	}
}

// The receiver imports no decoder: it asks an error for these methods.
func TestFaultIsKnownByItsMethods(t *testing.T) {
	_, err := clearmatch.Parse([]byte("{\"id\":\n\"\"}"))
	var f interface {
		error
		Status() int
		Place() (line, column int)
	}
	if !errors.As(err, &f) {
		t.Fatalf("%T lacks one of them", err)
	}
	if line, column := f.Place(); line != 2 || column != 1 || f.Status() != http.StatusUnprocessableEntity {
		t.Errorf("got %d at line %d, column %d; want 422 at line 2, column 1", f.Status(), line, column)
	}
}

func TestSecondNameIsFoundAmongMany(t *testing.T) {
	names := func(n int, last string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"n%d":0,`, i)
		}
		return b.String() + last
	}
	for _, n := range []int{10, 14, 17, 1000} { // below and above where sorting begins
		for _, tt := range []struct{ body, want string }{
			{`{"id":1,"notificationType":1,` + names(n, `"N3":1,"n2":1}`), `the name "N3" is the same as "n3" on line 1, column 51: case makes no difference`},
			{`{"id":1,"notificationType":1,"x":{` + names(n, `"n3":1,"n2":1}}`), `the name "n3" is given twice in one object; first on line 1, column 56`},
		} {
			_, err := clearmatch.Parse([]byte(tt.body))
			var f *clearmatch.Fault
			if !errors.As(err, &f) || f.Reason != tt.want {
				t.Errorf("%d names: got %v; want %s", n, err, tt.want)
			}
		}
	}
}
