package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"processmanager/ppm"
)

// decide evaluates the expression of a rule and says why it comes to that.
func (e *expression) decide(rule *Rule, n ppm.Record, data *Data) (ppm.Outcome, string) {
	r := &run{expression: e, n: n, data: data, left: maxSteps}
	yes, err := r.truth(e.root)
	switch {
	case err == nil && yes:
		return ppm.Wanted, rule.name()
	case errors.Is(err, errNoData):
		return ppm.Undecided, rule.say("waits for the application's data")
	case err != nil && !open(err):
		return ppm.Undecidable, rule.say("%s", err)
	}
	r = &run{expression: e, n: n, data: data, left: maxSteps}
	return ppm.Unwanted, rule.say("%s", strings.Join(r.why(e.root, false), "; "))
}

// why says why n is true, or why it is not: what of it made it so, each in a
// phrase. It evaluates again, since the reason is needed only at the very end.
func (r *run) why(n ast.Node, is bool) []string {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			return r.why(n.Node, !is)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "&&", "and":
			return r.whyBoth(n, is, true)
		case "||", "or":
			return r.whyBoth(n, is, false)
		}
	case *ast.ConditionalNode:
		chosen, err := r.choose(n)
		if err != nil {
			return []string{err.Error()}
		}
		return r.why(chosen, is)
	case *ast.VariableDeclaratorNode:
		v, err := r.eval(n.Value)
		if err != nil {
			return []string{err.Error()}
		}
		r.vars = append(r.vars, bound{n.Name, v})
		defer func() { r.vars = r.vars[:len(r.vars)-1] }()
		return r.why(n.Expr, is)
	}
	if _, err := r.truth(n); err != nil {
		return []string{err.Error()}
	}
	return []string{r.phrase(n, is)}
}

// whyBoth is for "and" where all is true, for "or" where it is false.
func (r *run) whyBoth(n *ast.BinaryNode, is, all bool) []string {
	if is != all { // one side settles it: the first that does
		for _, side := range [...]ast.Node{n.Left, n.Right} {
			if v, err := r.truth(side); err == nil && v == is {
				return r.why(side, is)
			}
		}
		// Or else one is missing, so that it is not true.
		if v, err := r.truth(n.Left); err == nil && v != is {
			return r.why(n.Right, is)
		}
		if v, err := r.truth(n.Right); err == nil && v != is {
			return r.why(n.Left, is)
		}
	}
	reasons := r.why(n.Left, is)
	for _, reason := range r.why(n.Right, is) {
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

// phrases say what an operator has found, and what it has not.
var phrases = map[string][2]string{
	">":          {"is over", "is not over"},
	">=":         {"is at least", "is not at least"},
	"<":          {"is under", "is not under"},
	"<=":         {"is at most", "is not at most"},
	"in":         {"is in", "is not in"},
	"contains":   {"contains", "does not contain"},
	"startsWith": {"starts with", "does not start with"},
	"endsWith":   {"ends with", "does not end with"},
	"matches":    {"matches", "does not match"},
}

// textPhrases are for texts, which come one after another.
var textPhrases = map[string][2]string{
	">":  {"comes after", "does not come after"},
	">=": {"does not come before", "comes before"},
	"<":  {"comes before", "does not come before"},
	"<=": {"does not come after", "comes after"},
}

// phrase says in words what n, which is true or false, has come to.
func (r *run) phrase(n ast.Node, is bool) string {
	switch n := n.(type) {
	case *ast.BinaryNode:
		if n.Operator == "==" || n.Operator == "!=" {
			return r.equality(n, is == (n.Operator == "=="))
		}
		words, ok := phrases[n.Operator]
		if !ok {
			break
		}
		left, err := r.eval(n.Left)
		if err != nil {
			break
		}
		right, err := r.eval(n.Right)
		if err != nil {
			break
		}
		for i, v := range [...]any{left, right} {
			if v == nil {
				return r.text([]ast.Node{n.Left, n.Right}[i]) + " is missing"
			}
		}
		if _, text := left.(string); text && textPhrases[n.Operator][0] != "" {
			words = textPhrases[n.Operator]
		}
		word := words[1]
		if is {
			word = words[0]
		}
		return r.operand(n.Left, left) + " " + word + " " + r.operand(n.Right, right)
	case *ast.BuiltinNode:
		return r.listPhrase(n, is)
	}
	return fmt.Sprintf("%s is %t", r.text(n), is)
}

// equality says of two values whether they are the same.
func (r *run) equality(n *ast.BinaryNode, same bool) string {
	first, second := n.Left, n.Right
	if constant(first) {
		first, second = second, first
	}
	a, err := r.eval(first)
	if err != nil {
		return err.Error()
	}
	b, err := r.eval(second)
	if err != nil {
		return err.Error()
	}
	switch {
	case a == nil && b == nil && !constant(second):
		return fmt.Sprintf("%s and %s are missing", r.text(first), r.text(second))
	case a == nil:
		return r.text(first) + " is missing"
	case same && constant(second):
		return fmt.Sprintf("%s is %s", r.text(first), show(a))
	case same:
		return fmt.Sprintf("%s and %s are both %s", r.text(first), r.text(second), show(a))
	case constant(second):
		return fmt.Sprintf("%s is %s, not %s", r.text(first), show(a), r.text(second))
	case b == nil:
		return r.text(second) + " is missing"
	}
	return fmt.Sprintf("%s is %s, but %s is %s", r.text(first), show(a), r.text(second), show(b))
}

// listPhrase says what has become of the elements of a list.
func (r *run) listPhrase(n *ast.BuiltinNode, is bool) string {
	whether := map[string][2]string{
		"any":  {"an element of %s fits %s", "no element of %s fits %s"},
		"all":  {"every element of %s fits %s", "not every element of %s fits %s"},
		"none": {"no element of %s fits %s", "an element of %s fits %s"},
		"one":  {"exactly one element of %s fits %s", "not exactly one element of %s fits %s"},
	}
	words, ok := whether[n.Name]
	if !ok {
		return fmt.Sprintf("%s is %t", r.text(n), is)
	}
	word := words[1]
	if is {
		word = words[0]
	}
	return fmt.Sprintf(word, r.text(n.Arguments[0]), r.text(n.Arguments[1]))
}
