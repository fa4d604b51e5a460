package rule

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// A function is one of the language's that rules have: those that need no
// clock, change nothing, and cost no more than what they are given is long.
type function struct {
	least, most int // values it takes
	takes       []kind
	gives       kind
	of          func(any) (any, error) // one value that is there; nil: it goes through lists
}

// numbers and the others are what functions take.
var (
	numbers = []kind{numeric}
	texts   = []kind{text}
	lists   = []kind{list}
	either  = []kind{numeric, text}
)

var functions = map[string]function{
	"len":   {1, 1, []kind{text, list, object}, numeric, length},
	"lower": {1, 1, texts, text, onText(strings.ToLower)},
	"upper": {1, 1, texts, text, onText(strings.ToUpper)},
	"trim":  {1, 1, texts, text, onText(strings.TrimSpace)},
	"abs":   {1, 1, numbers, numeric, abs},
	"ceil":  {1, 1, numbers, numeric, onFloat(math.Ceil)},
	"floor": {1, 1, numbers, numeric, onFloat(math.Floor)},
	"round": {1, 1, numbers, numeric, onFloat(math.Round)},
	"int":   {1, 1, either, numeric, toWhole},
	"float": {1, 1, either, numeric, toFloat},
	"first": {1, 1, lists, anything, func(v any) (any, error) { return end(v, 0) }},
	"last":  {1, 1, lists, anything, func(v any) (any, error) { return end(v, -1) }},

	"min": {1, maxNodes, []kind{numeric, list}, numeric, nil},
	"max": {1, maxNodes, []kind{numeric, list}, numeric, nil},

	"all":    {2, 2, lists, boolean, nil},
	"any":    {2, 2, lists, boolean, nil},
	"none":   {2, 2, lists, boolean, nil},
	"one":    {2, 2, lists, boolean, nil},
	"filter": {2, 2, lists, list, nil},
	"map":    {2, 2, lists, list, nil},
	"count":  {1, 2, lists, numeric, nil},
	"sum":    {1, 2, lists, numeric, nil},
}

func functionNames() []string { return slices.Sorted(maps.Keys(functions)) }

// call evaluates a function.
func (r *run) call(n *ast.BuiltinNode) (any, error) {
	f := functions[n.Name]
	switch {
	case n.Name == "min" || n.Name == "max":
		return r.extreme(n)
	case f.of == nil:
		return r.through(n)
	}
	v, err := r.eval(n.Arguments[0])
	switch {
	case err != nil:
		return nil, err
	case v == nil && (n.Name == "first" || n.Name == "last"):
		return nil, nil // as of an empty list
	case v == nil:
		return nil, unknown{r.text(n.Arguments[0])}
	}
	if !slices.Contains(f.takes, kindOf(v)) {
		return nil, fmt.Errorf("%s is %s, %s: %s does not take that", r.text(n.Arguments[0]), kindOf(v), show(v), n.Name)
	}
	if s, ok := v.(string); ok {
		if err := r.spend(len(s) / bytesAStep); err != nil {
			return nil, err
		}
	}
	v, err = f.of(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.text(n), err)
	}
	return v, nil
}

// elementsOf evaluates what must be a list.
func (r *run) elementsOf(n ast.Node) ([]any, error) {
	v, err := r.there(n)
	if err != nil {
		return nil, err
	}
	if array, ok := v.([]any); ok {
		return array, nil
	}
	return nil, fmt.Errorf("%s is %s, %s, not a list", r.text(n), kindOf(v), show(v))
}

// extreme is the least or greatest of numbers and of lists of them; there is
// none among none.
func (r *run) extreme(n *ast.BuiltinNode) (any, error) {
	var found any
	var look func(v any, from ast.Node) error
	look = func(v any, from ast.Node) error {
		if err := r.spend(1); err != nil {
			return err
		}
		switch v := known(v).(type) {
		case number:
			if best, ok := found.(number); !ok || n.Name == "min" && v.less(best) || n.Name == "max" && best.less(v) {
				found = v
			}
		case []any:
			for _, element := range v {
				if err := look(element, from); err != nil {
					return err
				}
			}
		case nil:
			return unknown{r.text(from)}
		default:
			return fmt.Errorf("%s of %s: %s is not a number", n.Name, r.text(from), show(v))
		}
		return nil
	}
	for _, argument := range n.Arguments {
		v, err := r.eval(argument)
		if err != nil || v == nil && len(n.Arguments) == 1 {
			return nil, err
		}
		if err := look(v, argument); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func length(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return whole(int64(utf8.RuneCountInString(v))), nil
	case []any:
		return whole(int64(len(v))), nil
	}
	return whole(int64(len(v.(map[string]any)))), nil
}

func onText(f func(string) string) func(any) (any, error) {
	return func(v any) (any, error) { return f(v.(string)), nil }
}

func onFloat(f func(float64) float64) func(any) (any, error) {
	return func(v any) (any, error) { return floating(f(v.(number).float())), nil }
}

func abs(v any) (any, error) {
	switch n := v.(number); {
	case n.whole && n.i == math.MinInt64:
		return nil, errTooLarge
	case n.whole:
		return whole(max(n.i, -n.i)), nil
	default:
		return floating(math.Abs(n.f)), nil
	}
}

func toWhole(v any) (any, error) {
	switch v := v.(type) {
	case string:
		i, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is not a whole number", show(v))
		}
		return whole(i), nil
	case number:
		if v.whole {
			return whole(v.i), nil
		}
		if !(math.Abs(v.f) < 1<<63) {
			return nil, errTooLarge
		}
		return whole(int64(v.f)), nil
	}
	return nil, nil
}

func toFloat(v any) (any, error) {
	if s, ok := v.(string); ok {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is not a number", show(s))
		}
		return floating(f), nil
	}
	return floating(v.(number).float()), nil
}

// end returns the first or last element, or nil where there is none.
func end(v any, at int) (any, error) {
	array := v.([]any)
	if len(array) == 0 {
		return nil, nil
	}
	if at < 0 {
		at += len(array)
	}
	return known(array[at]), nil
}
