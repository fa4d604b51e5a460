package rule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
)

// A kind is what is known of a value before there is one.
type kind string

const (
	anything kind = "anything" // only the data will tell
	boolean  kind = "true or false"
	numeric  kind = "a number"
	text     kind = "a text"
	list     kind = "a list"
	object   kind = "an object"
	nothing  kind = "nil"
)

// check walks an expression and says what is wrong with it, the first thing only.
type check struct {
	*expression
	err      *Error
	vars     []variable
	elements int // how many lists are being gone through
	visits   int
}

type variable struct {
	name string
	kind kind
}

// complain keeps the first complaint, about the place where n is.
func (c *check) complain(n ast.Node, format string, args ...any) kind {
	if c.err == nil {
		c.err = errorAt(c.source, begin(n), fmt.Sprintf(format, args...))
	}
	return anything
}

// begin is where n begins: expr gives operators as the place of what they join.
func begin(n ast.Node) int {
	switch n := n.(type) {
	case *ast.BinaryNode:
		return min(begin(n.Left), n.Location().From)
	case *ast.ConditionalNode:
		return begin(n.Cond)
	case *ast.ChainNode:
		return begin(n.Node)
	case *ast.MemberNode:
		if _, element := n.Node.(*ast.PointerNode); !element {
			return min(begin(n.Node), n.Location().From)
		}
	}
	return n.Location().From
}

// want complains unless n may be one of the kinds.
func (c *check) want(n ast.Node, what string, kinds ...kind) kind {
	is := c.visit(n)
	if is != anything && !slices.Contains(kinds, is) {
		names := make([]string, len(kinds))
		for i, k := range kinds {
			names[i] = string(k)
		}
		c.complain(n, "%s %s; this is %s", what, strings.Join(names, " or "), is)
	}
	return is
}

func (c *check) visit(n ast.Node) kind {
	if c.err != nil {
		return anything
	}
	// The parser counts what is written; "a ?: b" stands for more than that, and
	// a row of them for a number of parts that doubles with each.
	if c.visits++; c.visits > 2*maxNodes {
		return c.complain(n, "the expression has too many parts; %d are allowed", maxNodes)
	}
	switch n := n.(type) {
	case *ast.NilNode:
		return nothing
	case *ast.BoolNode:
		return boolean
	case *ast.IntegerNode, *ast.FloatNode:
		return numeric
	case *ast.StringNode:
		return text
	case *ast.ArrayNode:
		for _, element := range n.Nodes {
			c.visit(element)
		}
		return list
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.ChainNode:
		return c.visit(n.Node)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		c.want(n.Cond, "the condition must be", boolean)
		return same(c.visit(n.Exp1), c.visit(n.Exp2))
	case *ast.VariableDeclaratorNode:
		c.vars = append(c.vars, variable{n.Name, c.visit(n.Value)})
		is := c.visit(n.Expr)
		c.vars = c.vars[:len(c.vars)-1]
		return is
	case *ast.PointerNode:
		if n.Name != "" {
			return c.complain(n, "there is no #%s: # alone is the element", n.Name)
		}
		if c.elements == 0 {
			return c.complain(n, "# stands for an element, as in any(application.list, # > 5)")
		}
		return anything
	case *ast.BuiltinNode:
		return c.function(n)
	case *ast.CallNode:
		return c.call(n)
	case *ast.SliceNode:
		return c.complain(n, "parts like [1:3] cannot be used in rules: write startsWith, endsWith or contains")
	case *ast.MapNode:
		return c.complain(n, "an object cannot be written in a rule")
	case *ast.BytesNode:
		return c.complain(n, `write the text without the b: "…"`)
	case *ast.SequenceNode:
		return c.complain(n, "a rule is one expression, without ;")
	}
	return c.complain(n, "this cannot be used in rules")
}

func (c *check) identifier(n *ast.IdentifierNode) kind {
	for _, v := range slices.Backward(c.vars) {
		if v.name == n.Value {
			return v.kind
		}
	}
	name := n.Value
	switch _, member := members[name]; {
	case name == "application":
		c.data = true
		return anything
	case name == "notification":
		return c.complain(n, "say which member of the notification: notification.%s", strings.Join(memberNames(), ", notification."))
	case member:
		return c.complain(n, "there is no %s: did you mean notification.%s?", name, name)
	case strings.EqualFold(name, "null"), strings.EqualFold(name, "none"):
		return c.complain(n, "there is no %s: what is missing is nil", name)
	}
	known := []string{"application", "notification", "true", "false", "nil"}
	for _, v := range c.vars {
		known = append(known, v.name)
	}
	if hint := meant(name, known); hint != "" {
		return c.complain(n, "there is no %s%s", name, hint)
	}
	if hint := meant(name, memberNames()); hint != "" {
		return c.complain(n, "there is no %s%s", name, strings.Replace(hint, "mean ", "mean notification.", 1))
	}
	return c.complain(n, `there is no %s: did you mean application.%[1]s, or "%[1]s" as a text?`, name)
}

func memberNames() []string { return slices.Sorted(maps.Keys(members)) }

func (c *check) member(n *ast.MemberNode) kind {
	if base, ok := n.Node.(*ast.IdentifierNode); ok && base.Value == "notification" {
		name, ok := n.Property.(*ast.StringNode)
		if !ok {
			return c.complain(n.Property, "say which member of the notification by its name, as in notification.id")
		}
		if _, ok := members[name.Value]; !ok {
			hint := meant(name.Value, memberNames())
			if hint == "" {
				hint = ": it has " + strings.Join(memberNames(), ", ")
			}
			return c.complain(name, "notification has no member %s%s", name.Value, hint)
		}
		return text
	}
	base := c.visit(n.Node)
	c.want(n.Property, "a member is chosen by", text, numeric)
	if base != anything && base != list && base != object && base != nothing {
		return c.complain(n.Property, "%s has no members", base)
	}
	return anything
}

func (c *check) unary(n *ast.UnaryNode) kind {
	switch n.Operator {
	case "!", "not":
		c.want(n.Node, n.Operator+" turns around what is", boolean)
		return boolean
	case "-", "+":
		c.want(n.Node, n.Operator+" must be before", numeric)
		return numeric
	}
	return c.complain(n, "%s cannot be used in rules", n.Operator)
}

// same is what two kinds have in common.
func same(a, b kind) kind {
	if a == b {
		return a
	}
	return anything
}

// call is for functions that expr does not know either.
func (c *check) call(n *ast.CallNode) kind {
	name, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return c.complain(n, "functions stand before what they are about, as in lower(application.status)")
	}
	return c.noFunction(n, name.Value)
}

func (c *check) noFunction(n ast.Node, name string) kind {
	hint := meant(name, functionNames())
	if known, ok := otherwise[name]; ok {
		hint = ": " + known
	} else if _, exists := builtin.Index[name]; exists || hint == "" {
		hint = ": there are " + strings.Join(functionNames(), ", ")
	}
	return c.complain(n, "rules have no function %s%s", name, hint)
}

// otherwise is how to do without some functions of the language.
var otherwise = map[string]string{
	"now":       "what a rule decides must not depend on when it is asked",
	"date":      `times are texts that compare in their order, as in notification.eventTime > "2026-01-31"`,
	"duration":  "rules know no clock",
	"hasPrefix": "write startsWith, as in application.code startsWith \"A\"",
	"hasSuffix": "write endsWith, as in application.code endsWith \"A\"",
	"get":       "write application.list[0] or application[\"name\"]",
}
