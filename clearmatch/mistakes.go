package clearmatch

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// This file finds words for what people do when they write JSON by hand, put
// it on a command line, or send something else altogether. Each function is
// called where the parser can't go on, and returns the fault it sees there.

// notAnObject: the body does not begin with an opening brace.
func (p *parser) notAnObject() *Fault {
	const object = "a notification is one JSON object, { … }"
	rest := p.in[p.at:]
	switch {
	case len(rest) == 0:
		return &Fault{Reason: "the body is empty; " + object}
	case isUTF16(p.in):
		return &Fault{Reason: "the body is in UTF-16 or UTF-32; send it in UTF-8"}
	case bytes.HasPrefix(p.in, []byte{0x1f, 0x8b}):
		return &Fault{Reason: "the body is compressed with gzip; send it as it is"}
	case rest[0] == '<':
		return p.fault(p.at, "this is XML or HTML; "+object)
	case rest[0] == '[':
		return p.fault(p.at, "this is a list; "+object+": post each notification of the list by itself")
	case rest[0] == '\'' && bytes.HasPrefix(bytes.TrimLeft(rest[1:], " \t\r\n"), []byte("{")):
		return p.fault(p.at, "the object stands in single quotes; cmd.exe on Windows sends them along: put the object in a file and post the file")
	case rest[0] == '"' && bytes.HasPrefix(bytes.TrimLeft(rest[1:], " \t\r\n"), []byte("{")):
		return p.fault(p.at, "the object stands in double quotes, as if it were a text: turn it into JSON once, not twice")
	case bytes.HasPrefix(rest, []byte("--")):
		return p.fault(p.at, "this is a multipart form; "+object)
	case isForm(rest):
		return p.fault(p.at, "this is a web form, name=value; "+object+" (in PowerShell: ConvertTo-Json)")
	}
	if f := p.strange(); f != nil {
		return f
	}
	return p.fault(p.at, object+", but this begins with "+p.found())
}

// trailing: something follows the envelope.
func (p *parser) trailing() *Fault {
	switch rest := bytes.TrimLeft(p.in[p.at:], ", \t\r\n"); {
	case len(rest) > 0 && rest[0] == '{':
		return p.fault(len(p.in)-len(rest), "a second object begins here; post each notification by itself")
	case p.in[p.at] == '}':
		return p.fault(p.at, "this closing } is one too many: the object has ended already")
	}
	if f := p.strange(); f != nil {
		return f
	}
	return p.fault(p.at, "the object has ended; nothing may follow it, but here is "+p.found())
}

// noName: neither a member's name nor, where it may, a closing brace is next.
// comma is where the comma before it stands, or -1.
func (p *parser) noName(opening, comma int) *Fault {
	if p.at == len(p.in) {
		return p.endsBefore("}", opening)
	}
	if f := p.strange(); f != nil {
		return f
	}
	switch c := p.in[p.at]; {
	case c == '}':
		return p.commaTooMany(comma)
	case c == ',':
		return p.commaTooMany(p.at)
	case c == ':':
		return p.fault(p.at, "a name in double quotes is missing before this colon")
	case c == ']':
		return p.wrongClosing(opening)
	case p.wordAt(p.at) || c == '$' || c >= utf8.RuneSelf:
		return p.fault(p.at, "the name "+quoted(p.bareword())+" stands without double quotes; if they were lost on a command line, put the object in a file and post the file")
	}
	return p.fault(p.at, "a name in double quotes was expected, but here is "+p.found())
}

// noColon: there is no colon behind the name at nameAt.
func (p *parser) noColon(nameAt int) *Fault {
	name := p.nameAt(nameAt)
	if p.at == len(p.in) {
		return p.fault(p.end, "the body ends after the name "+name+"; a colon and a value are missing")
	}
	if f := p.strange(); f != nil {
		return f
	}
	switch p.in[p.at] {
	case '=':
		return p.fault(p.at, "between the name "+name+" and its value stands a colon, not =")
	case ',', '}', ']':
		return p.fault(p.end, "a colon and a value are missing after the name "+name)
	}
	if strings.HasSuffix(strings.TrimRight(name, `" `), ":") {
		return p.fault(p.end, "a colon is missing after the name "+name+": is there no double quote before the one within it?")
	}
	return p.fault(p.end, "a colon is missing after the name "+name)
}

// noValue: no value is next, behind the colon of a member or within a list.
func (p *parser) noValue(owner int) *Fault {
	of := "in the list that begins on " + p.from(owner)
	if p.in[owner] == '"' {
		of = "of " + p.nameAt(owner)
	}
	if p.at == len(p.in) {
		return p.fault(p.end, "the body ends where the value "+of+" was expected")
	}
	if f := p.strange(); f != nil {
		return f
	}
	switch c := p.in[p.at]; {
	case c == '}' && p.in[owner] == '[':
		return p.wrongClosing(owner)
	case c == ',', c == '}', c == ']':
		return p.fault(p.end, "the value "+of+" is missing; if there is none, write null")
	case c == ':', c == '=':
		return p.fault(p.at, "the value "+of+" was expected, but here is another "+string(c))
	case c == '+':
		return p.fault(p.at, "a number begins with a digit or a minus sign, not with +")
	case c == '.':
		return p.fault(p.at, "a number has a digit before its decimal point")
	case p.wordAt(p.at) || c >= utf8.RuneSelf:
		switch w := strings.ToLower(string(p.bareword())); w {
		case "true", "false", "null":
			return p.fault(p.at, "JSON writes "+w+" in small letters")
		case "none", "nil", "undefined", "nan", "infinity":
			return p.fault(p.at, "JSON has no "+w+"; write null")
		}
		return p.fault(p.at, "the value "+of+" stands without double quotes; if they were lost on a command line, put the object in a file and post the file")
	}
	return p.fault(p.at, "the value "+of+" was expected, but here is "+p.found())
}

// noComma: behind a value there is neither a comma nor the closing brace or
// bracket of what began at opening. The value is of the member at nameAt, or,
// in a list, nameAt is -1.
func (p *parser) noComma(opening, nameAt int) *Fault {
	closing, what, next := "]", "this value", "value"
	if nameAt >= 0 {
		closing, what, next = "}", "the member "+p.nameAt(nameAt), "member"
	}
	if p.at == len(p.in) {
		return p.endsBefore(closing, opening)
	}
	if f := p.strange(); f != nil {
		return f
	}
	c, last := p.in[p.at], p.in[p.end-1]
	switch {
	case c == '"', closing == "]" && (c == '{' || c == '['):
		return p.fault(p.end, "a comma is missing after "+what+"; the next "+next+" begins on "+p.from(p.at))
	case c == ';':
		return p.fault(p.at, "a comma belongs here, after "+what+", not a semicolon")
	case c == '}' || c == ']':
		return p.wrongClosing(opening)
	case p.at == p.end && last == '"':
		return p.fault(p.end-1, `the text ends at this double quote, yet it goes on; a double quote within a text is written \"`)
	case p.at == p.end && last >= '0' && last <= '9':
		return p.fault(p.at, "the number ends here, yet the value goes on; a value that is not a plain number stands in double quotes")
	}
	return p.fault(p.at, "a comma or the closing "+closing+" was expected after "+what+", but here is "+p.found())
}

func (p *parser) commaTooMany(at int) *Fault {
	return p.fault(at, "this comma is one too many: something must stand between commas, and nothing after the last")
}

func (p *parser) wrongClosing(opening int) *Fault {
	closing := "}"
	if p.in[opening] == '[' {
		closing = "]"
	}
	return p.fault(p.at, fmt.Sprintf("here is %c, but what begins on %s with %c must first be closed with %s", p.in[p.at], p.from(opening), p.in[opening], closing))
}

func (p *parser) endsBefore(closing string, opening int) *Fault {
	return p.fault(p.end, fmt.Sprintf("the body ends here, but what begins on %s with %c is not closed: %s is missing", p.from(opening), p.in[opening], closing))
}

func (p *parser) wrongKind(at, member int, found string) *Fault {
	return p.fault(at, fmt.Sprintf("%q must be a text or a number, but here is %s", spelling[member], found))
}

// badText: a text has a control character in it, or no end.
func (p *parser) badText(opening int) *Fault {
	missing := "the double quote that ends the text from " + p.from(opening) + " is missing"
	if p.at == len(p.in) {
		return p.fault(p.at, missing)
	}
	switch c := p.in[p.at]; c {
	case '\r', '\n':
		return p.fault(p.at, missing+` on this line; a line break within a text is written \n`)
	case '\t':
		return p.fault(p.at, `a tab within a text is written \t`)
	default:
		return p.fault(p.at, fmt.Sprintf(`the control character %U within a text is written \u%04x`, c, c))
	}
}

// badEscape: the backslash at that place begins nothing that JSON knows.
func (p *parser) badEscape(at int) *Fault {
	if p.at == len(p.in) {
		return p.fault(p.at, "the body ends within a text")
	}
	if p.in[p.at] == '\'' {
		return p.fault(at, `a single quote is written without a backslash`)
	}
	return p.fault(at, `a backslash within a text is written \\`)
}
