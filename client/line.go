package client

import (
	"strings"
	"unicode"
)

// oneLine returns text as one line of at most limit characters, for an error or
// a header: blanks, line breaks and all that does not print become single
// spaces, and what is no UTF-8 the sign for that.
func oneLine(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }), " ")
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit-1]) + "…"
	}
	return text
}
