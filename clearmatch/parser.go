package clearmatch

import (
	"bytes"
	"sync"
)

// A parser reads its input once, from the front. Its methods return nil or the
// fault they met, after which it is of no more use.
type parser struct {
	in      []byte // the body without its byte-order mark
	at      int    // the next byte to read
	end     int    // just behind the last byte that was not white space
	depth   int    // objects and lists now open
	names   []name // of the objects now open, outermost first
	scratch []byte // unescaped texts and folded names
}

// parsers are used again with the room they have: what it takes to read a body
// would otherwise be a fifth of all that the receiver has collected.
var parsers = sync.Pool{New: func() any {
	return &parser{names: make([]name, 0, 24), scratch: make([]byte, 0, 256)}
}}

func newParser(in []byte) *parser {
	p := parsers.Get().(*parser)
	p.in = in
	return p
}

// release gives p back, without what it has read. One that has grown over an
// unusual body is left to the collector.
func (p *parser) release() {
	if cap(p.names) > 256 || cap(p.scratch) > 4096 {
		return
	}
	clear(p.names[:cap(p.names)])
	*p = parser{names: p.names[:0], scratch: p.scratch[:0]}
	parsers.Put(p)
}

// next skips white space and returns the byte that follows it without taking
// it, or 0, which JSON has no use for, at the end of the input. It is called
// once behind each value or sign, so that end is right.
func (p *parser) next() byte {
	p.end = p.at
	for p.at < len(p.in) {
		switch c := p.in[p.at]; c {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return c
		}
	}
	return 0
}

// document reads the whole input: the envelope and nothing else.
func (p *parser) document(env *envelope) *Fault {
	if p.next() != '{' || isUTF16(p.in) {
		return p.notAnObject()
	}
	if f := p.object(env); f != nil {
		return f
	}
	if p.next(); p.at < len(p.in) {
		return p.trailing()
	}
	return nil
}

// object reads an object, its opening brace being next. The six go into env,
// which is nil in objects within the envelope.
func (p *parser) object(env *envelope) *Fault {
	opening := p.at
	if f := p.descend(); f != nil {
		return f
	}
	first, comma := len(p.names), -1
	for c := p.next(); c != '}' || comma >= 0; c = p.next() {
		if c != '"' {
			return p.noName(opening, comma)
		}
		nameAt := p.at
		text, f := p.text()
		if f != nil {
			return f
		}
		if env != nil {
			text = p.fold(text)
		}
		p.names = append(p.names, name{text, nameAt})

		if p.next() != ':' {
			return p.noColon(nameAt)
		}
		p.at++
		p.next()
		if member := memberOf(text); env != nil && member != documented {
			f = p.take(env, member, nameAt)
		} else {
			f = p.value(nameAt)
		}
		if f != nil {
			return f
		}

		if c = p.next(); c == '}' {
			break
		} else if c != ',' {
			return p.noComma(opening, nameAt)
		}
		comma = p.at
		p.at++
	}
	p.at++
	p.depth--
	f := p.twice(p.names[first:])
	p.names = p.names[:first]
	return f
}

// list reads an array, its opening bracket being next.
func (p *parser) list() *Fault {
	opening := p.at
	if f := p.descend(); f != nil {
		return f
	}
	comma := -1
	for c := p.next(); c != ']' || comma >= 0; c = p.next() {
		if comma >= 0 && c == ']' {
			return p.commaTooMany(comma)
		}
		if f := p.value(opening); f != nil {
			return f
		}
		if c = p.next(); c == ']' {
			break
		} else if c != ',' {
			return p.noComma(opening, -1)
		}
		comma = p.at
		p.at++
	}
	p.at++
	p.depth--
	return nil
}

// descend takes an opening brace or bracket.
func (p *parser) descend() *Fault {
	if p.depth++; p.depth > maxDepth {
		return p.fault(p.at, "objects and lists are nested more than 100 deep")
	}
	p.at++
	return nil
}

// value reads a value and forgets it. What it is the value of begins at owner:
// a member, at its name, or a list.
func (p *parser) value(owner int) *Fault {
	switch p.peek() {
	case '"':
		return p.skipText()
	case '{':
		return p.object(nil)
	case '[':
		return p.list()
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.number()
	case 't', 'f', 'n':
		if p.word() != "" {
			return nil
		}
	}
	return p.noValue(owner)
}

// take reads the value of one of the six into env.
func (p *parser) take(env *envelope, member, nameAt int) *Fault {
	at := p.at
	env.at[member] = at
	switch c := p.peek(); c {
	case '"':
		text, f := p.text()
		env.value[member] = text
		return f
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		f := p.number()
		env.value[member] = p.in[at:p.at]
		return f
	case '{':
		return p.wrongKind(at, member, "an object")
	case '[':
		return p.wrongKind(at, member, "a list")
	case 't', 'f', 'n':
		switch w := p.word(); w {
		case "null":
			env.value[member] = nil
			return nil
		case "true", "false":
			return p.wrongKind(at, member, w)
		}
	}
	return p.noValue(nameAt)
}

// peek returns the byte at the place reached, or 0 at the end of the input.
func (p *parser) peek() byte {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return 0
}

// word takes true, false or null and returns it, or "" if none of them is next.
func (p *parser) word() string {
	for _, w := range [...]string{"null", "true", "false"} {
		if bytes.HasPrefix(p.in[p.at:], []byte(w)) && !p.wordAt(p.at+len(w)) {
			p.at += len(w)
			return w
		}
	}
	return ""
}

// wordAt reports whether the byte at that place could be part of a word.
func (p *parser) wordAt(at int) bool {
	if at >= len(p.in) {
		return false
	}
	c := p.in[at]
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_'
}

// number takes a number, its sign or first digit being next.
func (p *parser) number() *Fault {
	if p.peek() == '-' {
		p.at++
	}
	zero := p.at
	if !p.digits() {
		return p.fault(p.at, "a digit is missing after the minus sign")
	}
	if p.in[zero] == '0' && p.at > zero+1 {
		return p.fault(zero, "a number cannot begin with 0; if the 0 counts, as in an application's number, put the value in double quotes")
	}
	if p.peek() == '.' {
		p.at++
		if !p.digits() {
			return p.fault(p.at, "a digit is missing after the decimal point")
		}
	}
	if c := p.peek(); c|0x20 == 'e' {
		p.at++
		if c = p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if !p.digits() {
			return p.fault(p.at, "a digit is missing in the number's exponent")
		}
	}
	return nil
}

// digits takes digits and reports whether there was at least one.
func (p *parser) digits() bool {
	from := p.at
	for p.at < len(p.in) && p.in[p.at] >= '0' && p.in[p.at] <= '9' {
		p.at++
	}
	return p.at > from
}
