package clearmatch

import (
	"bytes"
	"fmt"
	"net/http"
	"unicode/utf8"
)

// A Fault says why a body cannot be used, in words for whoever sent it. The
// words may quote names from the body, shortened, but no values.
type Fault struct {
	// Line and Column are where in the body to look, both from 1; a column is
	// a character (not a byte), the byte-order mark not counted. Both are 0
	// where there is no place to point at, such as in an empty body.
	Line, Column int
	Reason       string
	// Member is the documented name of what is missing or empty in a body
	// that is otherwise in order, "id" or "notificationType"; else "".
	Member string
}

// Error is what the sender is told: the place, if there is one, and the reason.
func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.Reason
	}
	return fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Reason)
}

// Status is the HTTP status to answer with: 422 if a member is missing or
// empty (RFC 9110, section 15.5.21), else 400.
func (f *Fault) Status() int {
	if f.Member != "" {
		return http.StatusUnprocessableEntity
	}
	return http.StatusBadRequest
}

// Place returns Line and Column, for a caller that knows a fault only by its methods.
func (f *Fault) Place() (line, column int) { return f.Line, f.Column }

// fault is a Fault with that reason at that place in the input.
func (p *parser) fault(at int, reason string) *Fault {
	line, column := p.place(at)
	return &Fault{Line: line, Column: column, Reason: reason}
}

// place returns the line and column of a place in the input, both from 1.
func (p *parser) place(at int) (line, column int) {
	before := p.in[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, []byte{'\n'}), 1 + utf8.RuneCount(before[start:])
}

// from says where something begins, within a sentence.
func (p *parser) from(at int) string {
	line, column := p.place(at)
	return fmt.Sprintf("line %d, column %d", line, column)
}

// nameAt returns the name that stands at that place in the input, quoted and
// shortened to be read.
func (p *parser) nameAt(at int) string {
	again := parser{in: p.in, at: at}
	text, _ := again.text() // a name is read before it is told of, so it is good
	return quoted(text)
}

// quoted returns text in double quotes, shortened to be read.
func quoted(text []byte) string {
	const most = 40
	if n := utf8.RuneCount(text); n > most {
		return fmt.Sprintf("%q", string([]rune(string(text))[:most])+"…")
	}
	return fmt.Sprintf("%q", text)
}
