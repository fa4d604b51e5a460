package config

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

var (
	openHeader = regexp.MustCompile(`^[ \t]*\[\[?[^\[\]]*$`)
	startsKey  = regexp.MustCompile(`^[A-Za-z0-9_."'-]+[ \t]*=[ \t]*`)
)

// checkEncoding returns what is wrong with a file that is not UTF-8, and on
// which line: editors on Windows offer other encodings under "Save as" too.
func checkEncoding(text string) (wrong *complaint, line int) {
	const remedy = `in Notepad choose "Save as" and there the encoding UTF-8`
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") || strings.Contains(text, "\x00") {
		return &complaint{"saved as UTF-16, or not text at all", remedy}, 0
	}
	for n, line := range strings.Split(text, "\n") {
		if !utf8.ValidString(line) {
			return &complaint{"saved in an encoding other than UTF-8", remedy}, n + 1
		}
	}
	return nil, 0
}

// diagnose turns an error of the TOML decoder into plain words, and the line
// it is on. The decoder's own words are left out: they quote what stands in the
// file, which may be a password that somebody forgot to put in quotes.
func diagnose(text string, err error) (wrong complaint, line int) {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return complaint{"not to be read", "compare it with the file that ppm writes into a new data folder"}, 0
	}
	lines := strings.Split(strings.TrimPrefix(text, byteOrderMark), "\n")
	n := min(max(pe.Position.Line, 1), len(lines))
	if n > 1 && openHeader.MatchString(lines[n-2]) {
		n-- // the decoder looks for the bracket on the next line too
	}
	return diagnoseLine(strings.TrimSpace(lines[n-1]), pe.Message), n
}

// diagnoseLine says in plain words why line is not TOML and what to write
// instead. It goes by the mistakes that people make in such files; message is the
// decoder's, of which only the kind is used. Nothing of a value is repeated.
func diagnoseLine(line, message string) complaint {
	start := startsKey.FindString(line)
	value := line[len(start):]
	switch {
	case strings.Contains(message, "already been defined") || strings.Contains(message, "already created") ||
		strings.Contains(message, "duplicate"):
		return complaint{"given a second time", "keep one of the two lines"}
	case strings.ContainsAny(line, "“”„‘’"):
		return complaint{"typographic quotes", `write straight ones: "…"`}
	case strings.Contains(message, "control characters"):
		return complaint{"a character that cannot be seen", "type the line again"}
	case openHeader.MatchString(line):
		return complaint{"a section without its closing bracket", "write it like [receiver]"}
	case start == "":
		return complaint{"neither a setting nor a section", `write name = "value", or begin the line with # to make it a comment`}
	case value == "" || strings.HasPrefix(value, "#"):
		return complaint{"no value after the =", `write the value, or "" for an empty one`}
	case strings.HasPrefix(value, `"`) && strings.Contains(value, `\`):
		return complaint{"a backslash in double quotes", `write a Windows path in single quotes: 'C:\folder\file'`}
	case value[0] == '"' || value[0] == '\'':
		if strings.Count(value, value[:1])%2 == 1 {
			return complaint{"a closing quote is missing", "put the same quote before and after the text"}
		}
		return complaint{"something stands after the closing quote", "end the line there, or put # before a comment"}
	case value[0] == '[' || value[0] == '{':
		return complaint{"a list or table that is not closed", `write the value as text in quotes: "…"`}
	}
	return complaint{"text without quotes", `put it in quotes: "…"`}
}
