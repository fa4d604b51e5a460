package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"strings"
)

// edit returns the settings file text with the value of key replaced by
// literal, which is TOML. A key that is not there yet is put below its commented
// default, or at the end of its section; a section that is not there, at the end.
// Everything else stays byte for byte. An error says what about the file stands in the way.
func edit(text, key, literal string) (string, error) {
	l, err := newLayout(text)
	if err != nil {
		return "", err
	}
	changed, err := l.put(text, key, literal)
	if err != nil {
		return "", err
	}
	if !changesOnly(key, literal, text, changed) {
		return "", errors.New("is laid out in an unusual way: change it there by hand")
	}
	return changed, nil
}

func (l layout) put(text, key, literal string) (string, error) {
	section, name := cutLast(key)
	for _, e := range l.entries {
		if e.path == key {
			return text[:e.start] + literal + text[e.end:], nil
		}
		if strings.HasPrefix(key, e.path+".") {
			return "", fmt.Errorf("has all of %s on line %d: write it as a section [%s] with one setting a line", e.path, e.line, e.path)
		}
	}
	for i, h := range l.headers {
		if h.path == section && !h.array {
			end := len(text)
			if i+1 < len(l.headers) {
				end = l.lineStart(text, l.headers[i+1].end)
			}
			return insertLine(text, l.place(text, h, end, name), name+" = "+literal), nil
		}
	}
	// A section can also be there as receiver.listen = …, without a header.
	for i := len(l.entries) - 1; i >= 0; i-- {
		if e := l.entries[i]; strings.HasPrefix(e.path, section+".") && !strings.HasPrefix(e.section+".", section+".") {
			return insertLine(text, e.end, strings.TrimPrefix(key, e.section+".")+" = "+literal), nil
		}
	}
	text = insertLine(text, len(text), "["+section+"]")
	return insertLine(text, len(text), name+" = "+literal), nil
}

// place returns an offset in the line after which name belongs, in the section
// that begins with h and ends at end.
func (l layout) place(text string, h header, end int, name string) int {
	after := h.end
	for _, e := range l.entries {
		if e.start >= h.end && e.start < end {
			after = e.end
		}
	}
	commented := regexp.MustCompile(`^[ \t]*#[ \t]*` + regexp.QuoteMeta(name) + `[ \t]*=`)
	pos := h.end
	for line := range strings.Lines(text[h.end:end]) {
		if commented.MatchString(line) && !l.inValue(pos) {
			after = pos
		}
		pos += len(line)
	}
	return after
}

// inValue reports whether the line at pos is part of a value of several lines.
func (l layout) inValue(pos int) bool {
	for _, e := range l.entries {
		if e.start < pos && pos < e.end {
			return true
		}
	}
	return false
}

func (l layout) lineStart(text string, pos int) int {
	return 1 + strings.LastIndexByte(text[:pos], '\n')
}

// insertLine puts line below the one that pos is in, with the line break that
// the file uses.
func insertLine(text string, pos int, line string) string {
	lineBreak := "\n"
	if first, _, ok := strings.Cut(text, "\n"); ok && strings.HasSuffix(first, "\r") {
		lineBreak = "\r\n"
	}
	if n := strings.IndexByte(text[pos:], '\n'); n >= 0 {
		pos += n + 1
		return text[:pos] + line + lineBreak + text[pos:]
	}
	if text != "" && text != byteOrderMark && !strings.HasSuffix(text, "\n") {
		text += lineBreak
	}
	return text + line + lineBreak
}

// changesOnly reports whether after says the same as before, but for key, which
// it says is literal.
func changesOnly(key, literal, before, after string) bool {
	old, err := decode(before)
	if err != nil {
		return false
	}
	changed, err := decode(after)
	if err != nil {
		return false
	}
	want, err := decode("v = " + literal)
	if err != nil {
		return false
	}
	values := flatten(old)
	for section, _ := cutLast(key); section != ""; section, _ = cutLast(section) {
		delete(values, section) // it may have been empty
	}
	values[key] = want["v"]
	return maps.EqualFunc(values, flatten(changed), func(a, b any) bool { return reflect.DeepEqual(a, b) })
}

// literal writes a value in TOML: text in double quotes, but in single ones
// where it has backslashes, as Windows paths do.
func literal(v any) string {
	s, ok := v.(string)
	if !ok {
		return fmt.Sprint(v)
	}
	if strings.Contains(s, `\`) && !strings.Contains(s, `'`) && !controls(s) {
		return `'` + s + `'`
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			b.WriteString(`\u` + fmt.Sprintf("%04X", r))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
