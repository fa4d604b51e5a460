package clearmatch

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (p *parser) notUTF8(at int) *Fault {
	return p.fault(at, fmt.Sprintf("the byte 0x%02X is not UTF-8; send the body in UTF-8 and not in a code page such as Windows-1252", p.in[at]))
}

// strange sees characters that are wrong wherever they stand outside a text.
func (p *parser) strange() *Fault {
	r, size := utf8.DecodeRune(p.in[p.at:])
	switch {
	case r == utf8.RuneError && size == 1:
		return p.notUTF8(p.at)
	case r == '\'' || r == '`':
		return p.fault(p.at, "texts and names stand in double quotes, not in single ones")
	case strings.ContainsRune("“”„‟‘’‚‛«»‹›″′＂", r):
		return p.fault(p.at, fmt.Sprintf(`here is the typographic quote %c; texts and names stand in straight double quotes, "`, r))
	case r == '#', bytes.HasPrefix(p.in[p.at:], []byte("//")), bytes.HasPrefix(p.in[p.at:], []byte("/*")):
		return p.fault(p.at, "JSON has no comments")
	case r != ' ' && !unicode.IsPrint(r):
		return p.fault(p.at, fmt.Sprintf("here is the invisible character %U; take it out", r))
	}
	return nil
}

// found names what stands at the place reached.
func (p *parser) found() string {
	r, _ := utf8.DecodeRune(p.in[p.at:])
	switch {
	case r == '"':
		return "a text"
	case r == '-' || r >= '0' && r <= '9':
		return "a number"
	case r == '{':
		return "an object"
	case r == '[':
		return "a list"
	}
	return "the character " + string(r)
}

// bareword returns the letters, digits and the like that stand at the place reached.
func (p *parser) bareword() []byte {
	rest := p.in[p.at:]
	if i := bytes.IndexAny(rest, " \t\r\n\"':=,;{}[]"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

func isUTF16(b []byte) bool {
	return len(b) >= 2 && (b[0] == 0 || b[1] == 0 || b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff)
}

func isForm(b []byte) bool {
	i := 0
	for i < len(b) && (b[i]|0x20 >= 'a' && b[i]|0x20 <= 'z' || b[i] >= '0' && b[i] <= '9' || strings.IndexByte("_.-+%", b[i]) >= 0) {
		i++
	}
	return i < len(b) && i > 0 && b[i] == '=' || bytes.HasPrefix(b, []byte("%7B")) || bytes.HasPrefix(b, []byte("%7b"))
}
