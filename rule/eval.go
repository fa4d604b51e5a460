package rule

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/expr-lang/expr/ast"

	"processmanager/ppm"
)

const (
	// maxSteps bounds how long a rule may take over one notification: some
	// tenths of a second. A step is a part of an expression evaluated once.
	maxSteps = 2_000_000
	// bytesAStep is how many bytes of a text are looked through in one.
	bytesAStep = 16
)

// A run is one evaluation of one rule.
type run struct {
	*expression
	n        ppm.Record
	data     *Data
	left     int // steps
	vars     []bound
	elements []any // of the lists being gone through, innermost last
}

type bound struct {
	name  string
	value any
}

var (
	errNoData  = errors.New("the application's data is not there yet")
	errTooLong = errors.New("the rule takes too long over this application")
)

// unknown ends an evaluation at a value that is needed and not there.
type unknown struct{ what string }

func (u unknown) Error() string { return u.what + " is missing" }

// open reports whether err leaves open what an expression comes to, so that the
// other side of an and, or of an or, may settle it.
func open(err error) bool {
	var u unknown
	return errors.Is(err, errNoData) || errors.As(err, &u)
}

func (r *run) spend(steps int) error {
	if r.left -= steps; r.left < 0 {
		return errTooLong
	}
	return nil
}

// eval returns what n comes to. Its errors are unknown, errNoData, errTooLong
// or a problem in words: values that cannot be worked with.
func (r *run) eval(n ast.Node) (any, error) {
	if err := r.spend(1); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case *ast.NilNode:
		return nil, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.IntegerNode:
		return whole(int64(n.Value)), nil
	case *ast.FloatNode:
		return floating(n.Value), nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.ArrayNode:
		array := make([]any, len(n.Nodes))
		for i, element := range n.Nodes {
			var err error
			if array[i], err = r.eval(element); err != nil {
				return nil, err
			}
		}
		return array, nil
	case *ast.IdentifierNode:
		for i := len(r.vars) - 1; i >= 0; i-- {
			if r.vars[i].name == n.Value {
				return r.vars[i].value, nil
			}
		}
		return r.application()
	case *ast.ChainNode:
		v, err := r.eval(n.Node)
		if errors.Is(err, errChain) {
			return nil, nil
		}
		return v, err
	case *ast.MemberNode:
		return r.member(n)
	case *ast.UnaryNode:
		return r.unary(n)
	case *ast.BinaryNode:
		return r.binary(n)
	case *ast.ConditionalNode:
		chosen, err := r.choose(n)
		if err != nil {
			return nil, err
		}
		return r.eval(chosen)
	case *ast.VariableDeclaratorNode:
		v, err := r.eval(n.Value)
		if err != nil {
			return nil, err
		}
		r.vars = append(r.vars, bound{n.Name, v})
		defer func() { r.vars = r.vars[:len(r.vars)-1] }()
		return r.eval(n.Expr)
	case *ast.PointerNode:
		return r.elements[len(r.elements)-1], nil
	case *ast.BuiltinNode:
		return r.call(n)
	}
	return nil, fmt.Errorf("%s cannot be used in rules", brief(n)) // Compile has refused it
}

func (r *run) application() (any, error) {
	if r.data == nil {
		return nil, errNoData
	}
	v, err := r.data.get()
	return known(v), err
}

// errChain leaves a chain of members at a ?. behind which there is nothing.
var errChain = errors.New("nothing follows")

func (r *run) member(n *ast.MemberNode) (any, error) {
	if base, ok := n.Node.(*ast.IdentifierNode); ok && base.Value == "notification" {
		return members[n.Property.(*ast.StringNode).Value](r.n), nil
	}
	base, err := r.eval(n.Node)
	if err != nil {
		return nil, err
	}
	if base == nil && n.Optional {
		return nil, errChain
	}
	by, err := r.eval(n.Property)
	if err != nil {
		return nil, err
	}
	switch base := base.(type) {
	case nil:
		return nil, unknown{r.text(n.Node)}
	case map[string]any:
		if name, ok := by.(string); ok {
			return known(base[name]), nil
		}
	case []any:
		if at, ok := by.(number); ok && at.whole {
			if at.i < 0 {
				at.i += int64(len(base))
			}
			if at.i < 0 || at.i >= int64(len(base)) {
				return nil, unknown{r.text(n)}
			}
			return known(base[at.i]), nil
		}
	}
	if by == nil {
		return nil, unknown{r.text(n.Property)}
	}
	return nil, fmt.Errorf("%s is %s, which has no member %s", r.text(n.Node), kindOf(base), show(by))
}

// truth evaluates what must be true or false.
func (r *run) truth(n ast.Node) (bool, error) {
	v, err := r.eval(n)
	if err != nil {
		return false, err
	}
	switch v := v.(type) {
	case bool:
		return v, nil
	case nil:
		return false, unknown{r.text(n)}
	}
	return false, fmt.Errorf("%s is %s, %s, not true or false", r.text(n), kindOf(v), show(v))
}

func (r *run) choose(n *ast.ConditionalNode) (ast.Node, error) {
	yes, err := r.truth(n.Cond)
	if yes {
		return n.Exp1, err
	}
	return n.Exp2, err
}

func (r *run) unary(n *ast.UnaryNode) (any, error) {
	if n.Operator == "!" || n.Operator == "not" {
		v, err := r.truth(n.Node)
		return !v, err
	}
	v, err := r.number(n.Node)
	switch {
	case err != nil || n.Operator == "+":
		return v, err
	case v.whole && v.i == math.MinInt64:
		return nil, errTooLarge
	case v.whole:
		return whole(-v.i), nil
	}
	return floating(-v.f), nil
}

func (r *run) binary(n *ast.BinaryNode) (any, error) {
	switch n.Operator {
	case "&&", "and":
		return r.both(n, false)
	case "||", "or":
		return r.both(n, true)
	case "??":
		if v, err := r.eval(n.Left); v != nil || err != nil && !errors.As(err, new(unknown)) {
			return v, err
		}
		return r.eval(n.Right)
	case "<", ">", "<=", ">=":
		return r.order(n)
	case "+", "-", "*", "/", "%", "**", "^":
		return r.reckon(n)
	}
	left, err := r.eval(n.Left)
	if err != nil {
		return nil, err
	}
	if n.Operator == "matches" {
		return r.matches(n, left)
	}
	right, err := r.eval(n.Right)
	if err != nil {
		return nil, err
	}
	switch n.Operator {
	case "==":
		return r.equal(left, right)
	case "!=":
		same, err := r.equal(left, right)
		return !same, err
	case "in":
		return r.in(n, left, right)
	}
	return r.within(n, left, right)
}

// both is "or" where settles is true, "and" where it is false: either side
// settles it alone, whatever the other one is, also where that one is missing.
func (r *run) both(n *ast.BinaryNode, settles bool) (any, error) {
	left, err := r.truth(n.Left)
	if err == nil && left == settles || err != nil && !open(err) {
		return left, err
	}
	right, rightErr := r.truth(n.Right)
	switch {
	case rightErr == nil && (right == settles || err == nil):
		return right, nil
	case err == nil:
		return nil, rightErr
	case rightErr != nil && !errors.Is(err, errNoData) && !errors.As(rightErr, new(unknown)):
		return nil, rightErr // later, or a problem: both weigh more than what is missing
	}
	return nil, err
}

// order compares two numbers, or two texts.
func (r *run) order(n *ast.BinaryNode) (any, error) {
	a, b, err := r.pair(n)
	if err != nil {
		return nil, err
	}
	var less, more bool
	switch a := a.(type) {
	case number:
		b := b.(number)
		less, more = a.less(b), b.less(a)
		if !less && !more && !a.equal(b) {
			return false, nil // not a number
		}
	case string:
		b := b.(string)
		c := strings.Compare(a, b)
		less, more = c < 0, c > 0
	}
	switch n.Operator {
	case "<":
		return less, nil
	case ">":
		return more, nil
	case "<=":
		return !more, nil
	}
	return !less, nil
}

// pair evaluates both sides of n, which must be two numbers or two texts.
func (r *run) pair(n *ast.BinaryNode) (a, b any, err error) {
	if a, err = r.there(n.Left); err != nil {
		return nil, nil, err
	}
	if b, err = r.there(n.Right); err != nil {
		return nil, nil, err
	}
	ak, bk := kindOf(a), kindOf(b)
	if ak == bk && (ak == numeric || ak == text) {
		return a, b, nil
	}
	verb := "compared with"
	if n.Operator == "+" {
		verb = "added to"
	}
	if constant(n.Left) && !constant(n.Right) {
		return nil, nil, fmt.Errorf("%s is %s, %s, and cannot be %s %s", r.text(n.Right), bk, show(b), verb, r.operand(n.Left, a))
	}
	return nil, nil, fmt.Errorf("%s is %s, %s, and cannot be %s %s", r.text(n.Left), ak, show(a), verb, r.operand(n.Right, b))
}

// there evaluates what must not be missing.
func (r *run) there(n ast.Node) (any, error) {
	v, err := r.eval(n)
	if err == nil && v == nil {
		return nil, unknown{r.text(n)}
	}
	return v, err
}
