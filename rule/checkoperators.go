package rule

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A pattern is a regular expression and what it costs to look for it.
type pattern struct {
	*regexp.Regexp
	size int
}

// maxPattern bounds what a regular expression may be compiled to; the time it
// takes grows with that and with the length of the text.
const maxPattern = 1000

func (c *check) binary(n *ast.BinaryNode) kind {
	switch op := n.Operator; op {
	case "&&", "and", "||", "or":
		c.want(n.Left, "beside "+op+" there must be what is", boolean)
		c.want(n.Right, "beside "+op+" there must be what is", boolean)
		return boolean
	case "==", "!=":
		l, r := c.visit(n.Left), c.visit(n.Right)
		if c.err == nil && l != r && l != anything && r != anything && l != nothing && r != nothing {
			c.complain(n.Right, "%s is compared with %s: they are never equal", l, r)
		}
		return boolean
	case "<", "<=", ">", ">=":
		l := c.want(n.Left, op+" compares", numeric, text)
		r := c.want(n.Right, op+" compares", numeric, text)
		if c.err == nil && l != r && l != anything && r != anything {
			c.complain(n.Right, "%s compares two numbers or two texts; here %s is compared with %s", op, l, r)
		}
		return boolean
	case "in":
		l := c.visit(n.Left)
		r := c.want(n.Right, `behind "in" there must be`, list, object)
		c.element(n, l, r)
		return boolean
	case "contains", "startsWith", "endsWith":
		c.want(n.Left, "before "+op+" there must be", text)
		c.want(n.Right, "behind "+op+" there must be", text)
		return boolean
	case "matches":
		c.want(n.Left, "before matches there must be", text)
		c.pattern(n)
		return boolean
	case "+":
		l := c.want(n.Left, "+ adds", numeric, text)
		r := c.want(n.Right, "+ adds", numeric, text)
		if c.err == nil && l != r && l != anything && r != anything {
			c.complain(n.Right, "%s and %s cannot be added", l, r)
		}
		if l == anything {
			return r
		}
		return l
	case "-", "*", "/", "%", "**", "^":
		c.want(n.Left, op+" reckons with", numeric)
		c.want(n.Right, op+" reckons with", numeric)
		return numeric
	case "??":
		l, r := c.visit(n.Left), c.visit(n.Right)
		if l == nothing {
			return r
		}
		return same(l, r)
	case "..":
		return c.complain(n, "a..b cannot be used in rules: write x >= a && x <= b")
	}
	return c.complain(n, "%s cannot be used in rules", n.Operator)
}

// element complains when what is looked for cannot be in the list or object.
func (c *check) element(n *ast.BinaryNode, l, r kind) {
	if r == object && l != anything && l != text {
		c.complain(n.Left, "the members of an object have texts as their names; this is %s", l)
	}
	array, ok := n.Right.(*ast.ArrayNode)
	if !ok || l == anything || c.err != nil {
		return
	}
	for _, element := range array.Nodes {
		if e := c.visit(element); e != l && e != anything {
			c.complain(element, "%s is looked for, but this is %s", l, e)
		}
	}
}

func (c *check) pattern(n *ast.BinaryNode) {
	constant, ok := n.Right.(*ast.StringNode)
	if !ok {
		c.complain(n.Right, `write the pattern as a text, as in application.code matches "^A[0-9]+$"`)
		return
	}
	tree, err := syntax.Parse(constant.Value, syntax.Perl)
	if err != nil {
		c.complain(n.Right, "this is not a pattern: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxPattern {
		c.complain(n.Right, "the pattern is too large")
		return
	}
	compiled, err := regexp.Compile(constant.Value)
	if err != nil {
		c.complain(n.Right, "this is not a pattern: %s", err)
		return
	}
	c.patterns[n] = pattern{compiled, len(program.Inst)}
}

// function checks a call of one of the functions that rules have.
func (c *check) function(n *ast.BuiltinNode) kind {
	f, ok := functions[n.Name]
	if !ok {
		return c.noFunction(n, n.Name)
	}
	if len(n.Arguments) < f.least || len(n.Arguments) > f.most {
		return c.complain(n, "%s takes %s; here %s", n.Name, count(f.least, f.most), got(len(n.Arguments)))
	}
	for _, argument := range n.Arguments {
		if predicate, ok := argument.(*ast.PredicateNode); ok {
			c.elements++
			if slices.Contains([]string{"map", "sum"}, n.Name) {
				c.visit(predicate.Node)
			} else {
				c.want(predicate.Node, n.Name+" asks of each element what is", boolean)
			}
			c.elements--
			continue
		}
		c.want(argument, n.Name+" takes", f.takes...)
	}
	return f.gives
}

func count(least, most int) string {
	switch {
	case least == most && least == 1:
		return "one value"
	case most > 10:
		return fmt.Sprintf("at least %d", least)
	case least == most:
		return fmt.Sprintf("%d values", least)
	}
	return fmt.Sprintf("%d or %d values", least, most)
}

func got(n int) string {
	if n == 1 {
		return "there is one"
	}
	return fmt.Sprintf("there are %d", n)
}
