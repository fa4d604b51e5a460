package rule

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"
)

const (
	maxReason = 500 // characters of a reason
	maxShown  = 60  // of a value or a part of the expression in it
)

// clean makes s one line without control characters, of at most so many
// characters: what is shown must not change how it is shown.
func clean(s string, limit int) string {
	var b strings.Builder
	left, space := limit, false
	for _, c := range s {
		if unicode.IsSpace(c) {
			space = true
			continue
		}
		if !unicode.IsGraphic(c) {
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
			left--
		}
		if space = false; left <= 0 {
			return b.String() + "…"
		}
		b.WriteRune(c)
		left--
	}
	return b.String()
}

// show is a value as a reason shows it.
func show(v any) string {
	switch v := known(v).(type) {
	case nil:
		return "missing"
	case string:
		return `"` + clean(v, maxShown) + `"`
	case number:
		return clean(v.String(), maxShown)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	}
	return "an object"
}

// word is a member's value as a reason shows it: without quotation marks where
// it is plain to see where it ends.
func word(s string) string {
	if s == "" {
		return "empty"
	}
	for _, c := range s {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && c != '-' && c != '.' {
			return show(s)
		}
	}
	return clean(s, maxShown)
}

// constant reports whether n stands for itself.
func constant(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.NilNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.ArrayNode:
		return true
	case *ast.UnaryNode:
		return constant(n.Node)
	}
	return false
}

// text is a part of the expression as a reason names it. A floating number is
// shown as it was written: expr would round it.
func (r *run) text(n ast.Node) string {
	if f, ok := n.(*ast.FloatNode); ok {
		at := f.Location()
		return string(r.source[at.From:at.To])
	}
	return brief(n)
}

func brief(n ast.Node) string { return clean(n.String(), maxShown) }

// operand names a part of the expression and says what it has come to. A list
// is named only.
func (r *run) operand(n ast.Node, v any) string {
	if constant(n) {
		return r.text(n)
	}
	switch kindOf(v) {
	case list, object:
		return r.text(n)
	}
	return r.text(n) + " " + show(v)
}
