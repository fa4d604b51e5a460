package config

import (
	"errors"
	"strconv"
	"strings"
)

// A layout says where things stand in the text of a settings file. The TOML
// library says what a file means, but neither where a value begins and ends
// nor what stands around it.
type layout struct {
	headers []header
	entries []entry
}

// A header is a line such as [receiver.tls].
type header struct {
	path  string // of the section, as [dotted] writes it
	line  int    // from 1
	end   int    // where its line ends, the line break not included
	array bool   // [[two]] brackets
}

// An entry is a line such as listen = ":443", or several when its value has several.
type entry struct {
	path       string // with the section's; as [dotted] writes it
	section    string
	line       int // of the key
	start, end int // of the value: text[start:end]
}

var errLayout = errors.New("is not laid out in lines that can be told apart")

// newLayout reads the layout of text, which must be TOML.
func newLayout(text string) (layout, error) {
	s := scanner{text: text, pos: len(text) - len(strings.TrimPrefix(text, byteOrderMark))}
	var (
		l       layout
		section []string
	)
	for {
		s.skip(" \t\r\n")
		if s.done() {
			return l, nil
		}
		line := 1 + strings.Count(text[:s.pos], "\n")
		switch s.text[s.pos] {
		case '#':
			s.skipLine()
		case '[':
			h := header{line: line}
			s.pos++
			if h.array = s.take("["); h.array {
				s.skip(" \t")
			}
			path, ok := s.key()
			if !ok || !s.take("]") || h.array && !s.take("]") {
				return layout{}, errLayout
			}
			s.skipLine()
			section = path
			h.path, h.end = dotted(path), len(strings.TrimRight(text[:s.pos], "\r"))
			l.headers = append(l.headers, h)
		default:
			path, ok := s.key()
			if !ok || !s.take("=") {
				return layout{}, errLayout
			}
			s.skip(" \t")
			e := entry{section: dotted(section), line: line, start: s.pos}
			e.path = dotted(append(section[:len(section):len(section)], path...))
			if !s.value() {
				return layout{}, errLayout
			}
			e.end = e.start + len(strings.TrimRight(text[e.start:s.pos], " \t\r"))
			l.entries = append(l.entries, e)
		}
	}
}

// line returns the line on which path, or else what holds it, is first given; 0
// if nowhere.
func (l layout) line(path string) int {
	for ; path != ""; path, _ = cutLast(path) {
		for _, h := range l.headers {
			if h.path == path {
				return h.line
			}
		}
		for _, e := range l.entries {
			if e.path == path || strings.HasPrefix(e.path, path+".") {
				return e.line
			}
		}
	}
	return 0
}

// A scanner reads TOML just closely enough to find where keys and values end.
type scanner struct {
	text string
	pos  int
}

func (s *scanner) done() bool { return s.pos >= len(s.text) }

func (s *scanner) skip(chars string) {
	for !s.done() && strings.IndexByte(chars, s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// skipLine goes to the line break.
func (s *scanner) skipLine() {
	if n := strings.IndexByte(s.text[s.pos:], '\n'); n >= 0 {
		s.pos += n
	} else {
		s.pos = len(s.text)
	}
}

func (s *scanner) take(token string) bool {
	if strings.HasPrefix(s.text[s.pos:], token) {
		s.pos += len(token)
		return true
	}
	return false
}

// key reads a key, dotted or not, with the blanks around it.
func (s *scanner) key() (path []string, ok bool) {
	for {
		s.skip(" \t")
		start := s.pos
		if s.done() {
			return nil, false
		}
		switch s.text[s.pos] {
		case '"', '\'':
			if !s.quoted() {
				return nil, false
			}
			part, ok := unquote(s.text[start:s.pos])
			if !ok {
				return nil, false
			}
			path = append(path, part)
		default:
			for !s.done() && bare(s.text[s.pos]) {
				s.pos++
			}
			if s.pos == start {
				return nil, false
			}
			path = append(path, s.text[start:s.pos])
		}
		s.skip(" \t")
		if !s.take(".") {
			return path, true
		}
	}
}

// quoted goes past the string that begins here, in any of the four ways to quote.
func (s *scanner) quoted() bool {
	quote := s.text[s.pos : s.pos+1]
	escapes := quote == `"`
	multiline := s.take(quote + quote + quote)
	if multiline {
		quote += quote + quote
	} else {
		s.pos++
	}
	for !s.done() {
		switch {
		case s.take(quote):
			if multiline { // one or two quotes may stand before the closing three
				for range 2 {
					s.take(quote[:1])
				}
			}
			return true
		case s.text[s.pos] == '\n' && !multiline:
			return false
		case s.text[s.pos] == '\\' && escapes:
			s.pos++
		}
		s.pos++
	}
	return false
}

// value goes past the value that begins here, and past blanks after it.
func (s *scanner) value() bool {
	depth := 0
	for !s.done() {
		switch s.text[s.pos] {
		case '"', '\'':
			if !s.quoted() {
				return false
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '#':
			if depth == 0 {
				return true
			}
			s.skipLine()
			continue
		case '\n':
			if depth == 0 {
				return true
			}
		}
		s.pos++
	}
	return depth == 0
}

func bare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c >= 0x80
}

// unquote returns the text of a quoted TOML string.
func unquote(quoted string) (string, bool) {
	m, err := decode("k = " + quoted)
	s, ok := m["k"].(string)
	return s, err == nil && ok
}

// dotted joins the parts of a key so that different ones stay different: a part
// that needs quotes has them.
func dotted(path []string) string {
	parts := make([]string, len(path))
	for i, p := range path {
		parts[i] = p
		if p == "" || strings.ContainsFunc(p, func(r rune) bool { return r >= 0x80 || !bare(byte(r)) }) {
			parts[i] = strconv.Quote(p)
		}
	}
	return strings.Join(parts, ".")
}

// cutLast splits "receiver.tls.mode" into "receiver.tls" and "mode".
func cutLast(key string) (parent, name string) {
	i := strings.LastIndexByte(key, '.')
	return key[:max(i, 0)], key[i+1:]
}
