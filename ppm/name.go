package ppm

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how many characters the name of a client has at the most.
const maxName = 64

// CheckName returns what is wrong with name as that of a client, in words for
// whoever gave it: 1 to 64 letters, digits, spaces and - _ . with no space at either end.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a client needs a name")
	case !utf8.ValidString(name):
		return fmt.Errorf("name %q: it is not UTF-8", name)
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("name %q: %d characters at the most", name, maxName)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("name %q: take away the space at its beginning or end", name)
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -_.", r) {
			return fmt.Errorf("name %q: %q cannot be in it; use letters, digits, space, hyphen, underscore and full stop", name, r)
		}
	}
	return nil
}

// SameName reports whether two clients cannot have the names a and b at one
// time: they differ in capitals at the most.
func SameName(a, b string) bool { return strings.EqualFold(a, b) }
