package clearmatch

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// plain marks the bytes that stand for themselves in a text: printable ASCII
// without the double quote and the backslash.
var plain = func() (t [256]bool) {
	for c := ' '; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return
}()

// text takes a text, its opening quote being next, and returns it unescaped:
// part of the input, or of scratch where anything was escaped.
func (p *parser) text() ([]byte, *Fault) {
	from := p.at + 1
	escapes, f := p.scan()
	if f != nil {
		return nil, f
	}
	raw := p.in[from : p.at-1]
	if !escapes {
		return raw, nil
	}
	start := len(p.scratch)
	p.scratch = appendUnescaped(p.scratch, raw)
	return p.scratch[start:len(p.scratch):len(p.scratch)], nil
}

// skipText takes a text, its opening quote being next, and forgets it.
func (p *parser) skipText() *Fault {
	_, f := p.scan()
	return f
}

// scan takes a text with both its quotes, makes sure that it is one, and
// reports whether there are escapes in it.
func (p *parser) scan() (escapes bool, f *Fault) {
	opening := p.at
	p.at++
	for {
		for p.at < len(p.in) && plain[p.in[p.at]] {
			p.at++
		}
		switch c := p.peek(); {
		case c == '"':
			p.at++
			return escapes, nil
		case c == '\\':
			escapes = true
			if f := p.escape(); f != nil {
				return false, f
			}
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(p.in[p.at:])
			if r == utf8.RuneError && size == 1 {
				return false, p.notUTF8(p.at)
			}
			p.at += size
		default: // a control character or the end
			return false, p.badText(opening)
		}
	}
}

// escape takes one escape, or the two that make a surrogate pair, and makes
// sure that it stands for a character.
func (p *parser) escape() *Fault {
	at := p.at
	p.at++
	switch p.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.at++
		return nil
	case 'u':
		p.at++
	default:
		return p.badEscape(at)
	}
	r, ok := hex4(p.in[p.at:])
	if !ok {
		return p.fault(at, `\u takes four hexadecimal digits, as in \u00e9`)
	}
	p.at += 4
	if !utf16.IsSurrogate(r) {
		return nil
	}
	if rest := p.in[p.at:]; len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
		if low, ok := hex4(rest[2:]); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
			p.at += 6
			return nil
		}
	}
	return p.fault(at, fmt.Sprintf(`\u%04x is half of a surrogate pair without the other half; such a text has no UTF-8 form`, r))
}

// appendUnescaped appends what raw, which scan has found good, stands for.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		c = raw[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, _ := hex4(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := hex4(raw[i+2:])
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
