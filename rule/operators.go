package rule

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/expr-lang/expr/ast"
)

var errTooLarge = errors.New("a number becomes too large to reckon with")

// number evaluates what must be one.
func (r *run) number(n ast.Node) (number, error) {
	v, err := r.there(n)
	if err != nil {
		return number{}, err
	}
	if v, ok := v.(number); ok {
		v.written = ""
		return v, nil
	}
	return number{}, fmt.Errorf("%s is %s, %s, not a number", r.text(n), kindOf(v), show(v))
}

// reckon adds texts and does sums: whole numbers stay whole but for / and **.
func (r *run) reckon(n *ast.BinaryNode) (any, error) {
	if n.Operator == "+" {
		a, b, err := r.pair(n)
		if err != nil {
			return nil, err
		}
		if a, ok := a.(string); ok {
			b := b.(string)
			return a + b, r.spend((len(a) + len(b)) / bytesAStep)
		}
		return add(a.(number), b.(number))
	}
	a, err := r.number(n.Left)
	if err != nil {
		return nil, err
	}
	b, err := r.number(n.Right)
	if err != nil {
		return nil, err
	}
	switch n.Operator {
	case "-":
		if !a.whole || !b.whole {
			return floating(a.float() - b.float()), nil
		}
		d := a.i - b.i
		if (d < a.i) != (b.i > 0) {
			return nil, errTooLarge
		}
		return whole(d), nil
	case "*":
		if !a.whole || !b.whole {
			return floating(a.float() * b.float()), nil
		}
		return multiply(a.i, b.i)
	case "/":
		return floating(a.float() / b.float()), nil
	case "%":
		if !a.whole || !b.whole {
			return nil, fmt.Errorf("%s: %% is for whole numbers", r.text(n))
		}
		if b.i == 0 {
			return nil, fmt.Errorf("%s divides by 0", r.text(n))
		}
		return whole(a.i % b.i), nil
	}
	return floating(math.Pow(a.float(), b.float())), nil
}

func add(a, b number) (number, error) {
	if !a.whole || !b.whole {
		return floating(a.float() + b.float()), nil
	}
	s := a.i + b.i
	if (s < a.i) != (b.i < 0) {
		return number{}, errTooLarge
	}
	return whole(s), nil
}

func multiply(a, b int64) (any, error) {
	size := func(i int64) uint64 {
		if i < 0 {
			return -uint64(i)
		}
		return uint64(i)
	}
	high, low := bits.Mul64(size(a), size(b))
	if high != 0 || low > math.MaxInt64 {
		return nil, errTooLarge
	}
	return whole(a * b), nil
}

// matches looks for a pattern. What is missing matches none.
func (r *run) matches(n *ast.BinaryNode, in any) (any, error) {
	switch in := in.(type) {
	case nil:
		return false, nil
	case string:
		p := r.patterns[n]
		if err := r.spend(len(in) * (p.size + 1) / 32); err != nil {
			return nil, err
		}
		return p.MatchString(in), nil
	}
	return nil, fmt.Errorf("%s is %s, %s, not a text", r.text(n.Left), kindOf(in), show(in))
}

// within looks for a text in another. What is missing is in none and contains none.
func (r *run) within(n *ast.BinaryNode, in, part any) (any, error) {
	if in == nil || part == nil {
		return false, nil
	}
	a, ok := in.(string)
	if !ok {
		hint := ""
		if kindOf(in) == list {
			hint = `: write "in" to look into a list`
		}
		return nil, fmt.Errorf("%s is %s, %s, not a text%s", r.text(n.Left), kindOf(in), show(in), hint)
	}
	b, ok := part.(string)
	if !ok {
		return nil, fmt.Errorf("%s is %s, %s, not a text", r.text(n.Right), kindOf(part), show(part))
	}
	if err := r.spend((len(a) + len(b)) / bytesAStep); err != nil {
		return nil, err
	}
	switch n.Operator {
	case "contains":
		return strings.Contains(a, b), nil
	case "startsWith":
		return strings.HasPrefix(a, b), nil
	}
	return strings.HasSuffix(a, b), nil
}

// in looks for a value among the elements of a list or the names in an object.
// Nothing is in what is missing.
func (r *run) in(n *ast.BinaryNode, wanted, in any) (any, error) {
	switch in := in.(type) {
	case nil:
		return false, nil
	case []any:
		for _, element := range in {
			if same, err := r.equal(wanted, element); same || err != nil {
				return same, err
			}
		}
		return false, nil
	case map[string]any:
		switch name := wanted.(type) {
		case nil:
			return nil, unknown{r.text(n.Left)}
		case string:
			_, ok := in[name]
			return ok, nil
		}
		return nil, fmt.Errorf("%s is %s, %s, not the name of a member", r.text(n.Left), kindOf(wanted), show(wanted))
	}
	hint := ""
	if kindOf(in) == text {
		hint = ": write contains to look into a text"
	}
	return nil, fmt.Errorf("%s is %s, %s, not a list%s", r.text(n.Right), kindOf(in), show(in), hint)
}
