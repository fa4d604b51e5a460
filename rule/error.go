package rule

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/file"
)

// An Error says what is wrong with an expression and points at the place.
type Error struct {
	Line, Column int    // from 1; a column is a character
	Text         string // the line, without its end; empty where there is no place to point at
	Problem      string
}

// Error returns the problem, and below it the line with a mark under the place.
func (e *Error) Error() string {
	if e.Text == "" {
		return e.Problem
	}
	const before, after = 60, 40 // as much of a long line as fits on a screen
	line, at := []rune(e.Text), e.Column-1
	from, to := 0, len(line)
	lead, trail := "", ""
	if at > before {
		from, lead = at-before, "…"
	}
	if to > at+after {
		to, trail = at+after, "…"
	}
	shown := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' ' // so that the mark stands where it should
		}
		return r
	}, string(line[from:to]))
	return fmt.Sprintf("line %d, column %d: %s\n    %s%s%s\n    %s^",
		e.Line, e.Column, e.Problem, lead, shown, trail, strings.Repeat(" ", len([]rune(lead))+at-from))
}

// errorAt returns an error about the character with that index.
func errorAt(source []rune, index int, problem string) *Error {
	index = max(0, min(index, len(source)))
	line, start := 1, 0
	for i, r := range source[:index] {
		if r == '\n' {
			line, start = line+1, i+1
		}
	}
	end := start
	for end < len(source) && source[end] != '\n' {
		end++
	}
	return &Error{Line: line, Column: index - start + 1, Text: strings.TrimRight(string(source[start:end]), "\r"), Problem: problem}
}

// token is how the parser names what it did not expect.
var token = regexp.MustCompile(`^unexpected token (\w+)(?:\("(.*)"\))?$`)

// instead is what people write who know another language.
var instead = map[string]string{
	"=":     "write == to compare",
	"&":     `write && or "and"`,
	"|":     `write || or "or"`,
	"AND":   `write "and" or &&`,
	"OR":    `write "or" or ||`,
	"NOT":   `write "not" or !`,
	"IN":    `write "in"`,
	"LIKE":  "write contains, startsWith, endsWith or matches",
	"like":  "write contains, startsWith, endsWith or matches",
	"IS":    "write == to compare, and nil for what is missing",
	"is":    "write == to compare, and nil for what is missing",
	"eq":    "write == to compare",
	"equal": "write == to compare",
}

// syntaxError puts what expr says about an expression into our words.
func syntaxError(text string, err error) *Error {
	var e *file.Error
	if !errors.As(err, &e) {
		return &Error{Line: 1, Column: 1, Problem: err.Error()}
	}
	source, at := []rune(text), e.From
	problem := e.Message
	switch found := token.FindStringSubmatch(problem); {
	case found != nil && found[1] == "EOF", problem == "unexpected end of expression":
		problem = "the expression ends where something should follow"
		if bracket, _ := unclosed(source); bracket >= 0 {
			at, problem = bracket, fmt.Sprintf("this %c is never closed", source[bracket])
		}
	case found != nil && instead[found[2]] != "":
		problem = fmt.Sprintf("%s is not expected here: %s", found[2], instead[found[2]])
	case found != nil && found[2] == ">" && at > 0 && source[at-1] == '<':
		problem = "<> is not expected here: write != for what is not equal"
	case found != nil && strings.ContainsAny(found[2], ")]},"):
		problem = fmt.Sprintf("%s is not expected here: is something missing before it, or a bracket too many?", found[2])
	case found != nil && found[2] != "":
		problem = fmt.Sprintf("%s is not expected here: is an operator missing before it, or one too many?", found[2])
	case strings.HasPrefix(problem, "literal not terminated"):
		problem = "the text that begins here has no closing quotation mark"
		if _, quote := unclosed(source); quote >= 0 {
			at = quote
		}
	case strings.HasPrefix(problem, "unrecognized character"):
		problem = unrecognised(source, at)
	case strings.Contains(problem, "value out of range"), strings.Contains(problem, "literal is too large"):
		problem = "the number before this is too large: whole numbers have at most 18 digits"
	case strings.Contains(problem, "coalesce"):
		problem = "?? needs brackets beside another operator, as in (application.amount ?? 0) > 5000"
	case strings.Contains(problem, "maximum allowed nodes"):
		problem = fmt.Sprintf("the expression has too many parts; %d are allowed", maxNodes)
	}
	return errorAt(source, at, problem)
}

// unclosed returns where the innermost bracket that is never closed stands, and
// the quotation mark that begins a text without an end; -1 where there is none.
func unclosed(source []rune) (bracket, quote int) {
	var brackets []int
	for i := 0; i < len(source); i++ {
		switch r := source[i]; r {
		case '(', '[', '{':
			brackets = append(brackets, i)
		case ')', ']', '}':
			brackets = brackets[:max(0, len(brackets)-1)]
		case '"', '\'', '`':
			from := i
			for i++; i < len(source) && source[i] != r; i++ {
				if source[i] == '\\' && r != '`' {
					i++
				}
			}
			if i >= len(source) {
				return -1, from
			}
		}
	}
	if len(brackets) == 0 {
		return -1, -1
	}
	return brackets[len(brackets)-1], -1
}

func unrecognised(source []rune, at int) string {
	if at >= len(source) {
		return "the expression ends where something should follow"
	}
	switch r := source[at]; r {
	case '“', '”', '„', '‘', '’', '«', '»':
		return fmt.Sprintf(`%c is not expected here: write straight quotation marks, "…"`, r)
	default:
		return fmt.Sprintf("%q is not expected here", r)
	}
}
