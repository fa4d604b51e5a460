package sqlite

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// names reports whether text has the application's number in it, and not only
// as a part of another one. text is what could not be read: it may be JSON, in
// which characters are escaped, or UTF-16, which has a zero byte beside each letter.
func names(text []byte, application string) bool {
	if application == "" {
		return false
	}
	for _, t := range [...][]byte{text, bytes.ReplaceAll(text, []byte{0}, nil)} {
		if hasWord(t, application) || hasWord(unescaped(t), application) {
			return true
		}
	}
	return false
}

// hasWord reports whether word is in text with neither a letter nor a digit
// beside it.
func hasWord(text []byte, word string) bool {
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(word))
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRune(text[:begin])
		after, _ := utf8.DecodeRune(text[end:])
		if !part(before) && !part(after) { // neither is where there is nothing
			return true
		}
		from = begin + 1
	}
}

// unescaped returns text with what JSON escapes in it resolved, as far as it
// can be, whatever else text is.
func unescaped(text []byte) []byte {
	if !bytes.ContainsRune(text, '\\') {
		return text
	}
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			plain = append(plain, text[i])
			continue
		}
		i++
		if text[i] == 'u' && i+4 < len(text) {
			if code, err := strconv.ParseUint(string(text[i+1:i+5]), 16, 16); err == nil {
				plain = utf8.AppendRune(plain, rune(code))
				i += 4
				continue
			}
		}
		switch text[i] {
		case 'b', 'f', 'n', 'r', 't':
			plain = append(plain, ' ')
		default:
			plain = append(plain, text[i])
		}
	}
	return plain
}
