package receiver

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// maxAuthorization bounds the header value that is looked at; a user name and
// a password are shorter.
const maxAuthorization = 2048

// basicPair returns the decoded "user:password" of an Authorization header
// value (RFC 7617). basic is false when the value does not attempt Basic at
// all; pair is nil when it does and cannot be decoded.
func basicPair(value string) (pair []byte, basic bool) {
	scheme, encoded, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil, false
	}
	encoded = strings.TrimRight(strings.TrimSpace(encoded), "=")
	if len(encoded) > maxAuthorization {
		return nil, true
	}
	pair, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, true
	}
	return pair, true
}

// spellings returns the texts that pair can stand for. We ask for UTF-8, and
// today's .NET sends it; the .NET Framework sends the machine's ANSI code page,
// which for western Windows is 1252, a superset of Latin-1 as far as passwords
// go. Beyond ASCII the bytes alone don't always tell which it is, so both count.
func spellings(pair []byte) []string {
	ascii := true
	for _, c := range pair {
		ascii = ascii && c < utf8.RuneSelf
	}
	switch {
	case ascii:
		return []string{string(pair)}
	case utf8.Valid(pair):
		return []string{string(pair), fromWindows1252(pair)}
	}
	return []string{fromWindows1252(pair)}
}

func fromWindows1252(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		if c >= 0x80 && c < 0xA0 {
			s.WriteRune(windows1252[c-0x80])
		} else {
			s.WriteRune(rune(c)) // Latin-1 is the beginning of Unicode
		}
	}
	return s.String()
}

// windows1252 is what 0x80 to 0x9F stand for; five of them stand for nothing.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8D, 'Ž', 0x8F,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9D, 'ž', 'Ÿ',
}
