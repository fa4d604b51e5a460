package rule

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
)

// through evaluates the functions that ask something of each element of a list.
//
// What is missing in one element leaves "any" and "all" open only until another
// element settles them.
func (r *run) through(n *ast.BuiltinNode) (any, error) {
	array, err := r.elementsOf(n.Arguments[0])
	if err != nil {
		return nil, err
	}
	ask := ast.Node(&ast.PointerNode{}) // count(list), sum(list): the element itself
	if len(n.Arguments) == 2 {
		ask = n.Arguments[1].(*ast.PredicateNode).Node
	}
	r.elements = append(r.elements, nil)
	defer func() { r.elements = r.elements[:len(r.elements)-1] }()
	here := len(r.elements) - 1

	var (
		kept    = []any{}
		hits    int
		total   = whole(0)
		missing error
	)
	for _, element := range array {
		r.elements[here] = known(element)
		if n.Name == "map" || n.Name == "sum" {
			v, err := r.eval(ask)
			if err != nil {
				return nil, err
			}
			if n.Name == "map" {
				kept = append(kept, v)
				continue
			}
			if total, err = r.accumulate(total, v, n); err != nil {
				return nil, err
			}
			continue
		}
		yes, err := r.truth(ask)
		switch {
		case err != nil && open(err) && (n.Name == "any" || n.Name == "all" || n.Name == "none"):
			missing = err
			continue
		case err != nil:
			return nil, err
		case !yes && n.Name == "all":
			return false, nil
		case yes && n.Name == "any":
			return true, nil
		case yes && n.Name == "none":
			return false, nil
		case yes:
			hits++
			if n.Name == "filter" {
				kept = append(kept, element)
			}
		}
	}
	switch n.Name {
	case "map", "filter":
		return kept, nil
	case "sum":
		return total, nil
	case "count":
		return whole(int64(hits)), nil
	case "one":
		return hits == 1, nil
	}
	if missing != nil {
		return nil, missing
	}
	return n.Name != "any", nil
}

// accumulate adds what sum asked of an element.
func (r *run) accumulate(total number, v any, n *ast.BuiltinNode) (number, error) {
	if v == nil {
		return total, unknown{r.text(n.Arguments[len(n.Arguments)-1])}
	}
	addend, ok := v.(number)
	if !ok {
		return total, fmt.Errorf("%s: %s is not a number", r.text(n), show(v))
	}
	return add(total, addend)
}
