package client

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// rewrite parses a template and ends each pipeline that prints something with
// the function that writes values as the format wants them at that place.
func rewrite(text string, f format, trial trial) (tree *parse.Tree, needsData bool, err error) {
	all := make(map[string]*parse.Tree)
	known := functions(trial)
	for _, name := range builtins {
		known[name] = true
	}
	for name := range known {
		if strings.HasPrefix(name, "_") {
			delete(known, name) // ours alone
		}
	}
	tree, err = parse.New(templateName).Parse(text, "", "", all, known)
	if err != nil {
		return nil, false, placed(text, err)
	}
	for name := range all {
		if name != templateName {
			return nil, false, fmt.Errorf("{{define}} and {{block}} cannot be used: leave out the template %q", name)
		}
	}
	r := rewriter{text: text, format: f, trial: trial}
	end := r.list(tree.Root, 0, scope{root: true})
	if r.err == nil {
		if problem := f.end(end); problem != "" {
			r.fail(parse.Pos(len(text)), "%s", problem)
		}
	}
	return tree, r.needsData, r.err
}

// builtins are the functions of text/template that templates may use beside
// ours: those that take values for what they are.
var builtins = []string{"and", "or", "not"}

// A rewriter walks through a template in the order in which it is written.
type rewriter struct {
	text      string
	format    format
	trial     trial
	needsData bool
	err       error // the first one
}

// scope is what holds at a place of the template.
type scope struct {
	root   bool  // the dot is what the template began with
	inLoop bool  // within a {{range}},
	loop   state // which began with this state
}

func (r *rewriter) fail(at parse.Pos, format string, args ...any) {
	if r.err == nil {
		r.err = placedAt(r.text, int(at), fmt.Sprintf(format, args...))
	}
}

// list returns the state after l, of which the state before is s.
func (r *rewriter) list(l *parse.ListNode, s state, in scope) state {
	if l == nil {
		return s
	}
	for _, n := range l.Nodes {
		if r.err != nil {
			return s
		}
		s = r.node(n, s, in)
	}
	return s
}

func (r *rewriter) node(n parse.Node, s state, in scope) state {
	switch n := n.(type) {
	case *parse.TextNode:
		next, offset, problem := r.format.text(s, string(n.Text))
		if problem != "" {
			r.fail(n.Pos+parse.Pos(offset), "%s", problem)
		}
		return next
	case *parse.ActionNode:
		r.pipe(n.Pipe, in)
		if len(n.Pipe.Decl) > 0 {
			return s // only sets a variable
		}
		printer, next, problem := r.format.value(s)
		if problem != "" {
			r.fail(n.Pipe.Pos, "%s", problem)
			return s
		}
		r.finish(n.Pipe, printer)
		return next
	case *parse.IfNode:
		return r.branch(&n.BranchNode, s, in, in)
	case *parse.WithNode:
		inner := in
		inner.root = false
		return r.branch(&n.BranchNode, s, inner, in)
	case *parse.RangeNode:
		return r.loop(n, s, in)
	case *parse.BreakNode:
		r.leave(n.Pos, s, in)
	case *parse.ContinueNode:
		r.leave(n.Pos, s, in)
	default:
		r.fail(n.Position(), "%s cannot be used here", n)
	}
	return s
}

func (r *rewriter) branch(n *parse.BranchNode, s state, inner, outer scope) state {
	r.pipe(n.Pipe, outer)
	if r.trial == everythingThere {
		r.finish(n.Pipe, "_there")
	}
	one, other := r.list(n.List, s, inner), r.list(n.ElseList, s, outer)
	joined, ok := r.format.join(one, other)
	if !ok {
		r.fail(n.Pos, "the text must leave off alike whether this is true or not: inside quotation marks or a tag, or outside")
	}
	return joined
}

func (r *rewriter) loop(n *parse.RangeNode, s state, in scope) state {
	r.pipe(n.Pipe, in)
	r.finish(n.Pipe, "_each")
	end := r.list(n.List, s, scope{inLoop: true, loop: s})
	if again, ok := r.format.join(s, end); !ok || again != s {
		r.fail(n.Pos, "the text of {{range}} must end as it began: inside quotation marks or a tag, or outside, and with a separator between values")
	}
	other := r.list(n.ElseList, s, in)
	joined, ok := r.format.join(s, other)
	if !ok {
		r.fail(n.Pos, "the text after {{else}} must end as it began: inside quotation marks or a tag, or outside")
	}
	n.List.Nodes = append([]parse.Node{count(n.Pos)}, n.List.Nodes...)
	return joined
}

func (r *rewriter) leave(at parse.Pos, s state, in scope) {
	if in.inLoop && s != in.loop {
		r.fail(at, "leave {{range}} where the text is as it began: inside quotation marks or a tag, or outside")
	}
}

// pipe looks at what is written in a pipeline.
func (r *rewriter) pipe(p *parse.PipeNode, in scope) {
	for _, v := range p.Decl {
		if v.Ident[0] == "$" {
			r.fail(v.Pos, "$ cannot be set: take another name")
		}
	}
	for i, c := range p.Cmds {
		for _, arg := range c.Args {
			r.argument(arg, in)
		}
		if name, ok := c.Args[0].(*parse.IdentifierNode); ok && name.Ident == "printf" {
			r.printf(c, i > 0)
		}
	}
}

func (r *rewriter) argument(n parse.Node, in scope) {
	switch n := n.(type) {
	case *parse.FieldNode:
		if in.root {
			at := n.Pos
			if len(n.Ident) > 1 { // Pos is that of the second one
				at -= parse.Pos(len(".") + len(n.Ident[0]))
			}
			r.member(at, n.Ident)
		}
	case *parse.VariableNode:
		if n.Ident[0] == "$" && len(n.Ident) > 1 {
			r.member(n.Pos, n.Ident[1:])
		}
	case *parse.ChainNode:
		r.argument(n.Node, in)
	case *parse.PipeNode:
		r.pipe(n, in)
	}
}

// member looks at a member of what the template begins with, of which the dot
// is at a place.
func (r *rewriter) member(at parse.Pos, path []string) {
	second := at + parse.Pos(len(".")+len(path[0]))
	switch {
	case !slices.Contains(rootNames, path[0]):
		r.fail(at, "there is no .%s: choose .%s", path[0], strings.Join(rootNames, ", ."))
	case path[0] == "notification" && len(path) > 1 && !slices.Contains(notificationNames, path[1]):
		r.fail(second, "a notification has no %s: its members are %s", path[1], strings.Join(notificationNames, ", "))
	case path[0] == "notification" && len(path) > 2:
		r.fail(second, "%s of a notification has no members", path[1])
	case path[0] != "notification" && path[0] != "application" && len(path) > 1:
		r.fail(second, ".%s has no members", path[0])
	}
	if path[0] == "application" || path[0] == "fetchedAt" {
		r.needsData = true
	}
}

var verb = regexp.MustCompile(`%[-+ #0]*[0-9]{0,3}(\.[0-9]{0,3})?[sv%]`)

// printf sees to it that a format is not made of data, and is right.
func (r *rewriter) printf(c *parse.CommandNode, piped bool) {
	values := len(c.Args) - 2
	if piped {
		values++
	}
	var format *parse.StringNode
	if len(c.Args) > 1 {
		format, _ = c.Args[1].(*parse.StringNode)
	}
	if format == nil {
		r.fail(c.Pos, `write the format of printf out, as in printf "%%s of %%s" .notification.id .notification.partnerCode`)
		return
	}
	verbs := 0
	for _, v := range verb.FindAllString(format.Text, -1) {
		if !strings.HasSuffix(v, "%") {
			verbs++
		}
	}
	switch rest := verb.ReplaceAllString(format.Text, ""); {
	case strings.Contains(rest, "%"):
		r.fail(format.Pos, "only %%s can stand for a value, and %%%% for a percent sign")
	case verbs != values:
		r.fail(format.Pos, "the format has %d places for %d values", verbs, values)
	}
}

// finish appends a function of ours to a pipeline. It is told where it stands.
func (r *rewriter) finish(p *parse.PipeNode, function string) {
	p.Cmds = append(p.Cmds, &parse.CommandNode{
		NodeType: parse.NodeCommand, Pos: p.Pos,
		Args: []parse.Node{
			parse.NewIdentifier(function).SetPos(p.Pos),
			&parse.NumberNode{NodeType: parse.NodeNumber, Pos: p.Pos, IsInt: true, Int64: int64(p.Pos), Text: strconv.Itoa(int(p.Pos))},
		},
	})
}

// count returns what counts a round: {{if _round $}}{{end}}, which prints nothing.
func count(at parse.Pos) parse.Node {
	return &parse.IfNode{BranchNode: parse.BranchNode{
		NodeType: parse.NodeIf, Pos: at,
		Pipe: &parse.PipeNode{NodeType: parse.NodePipe, Pos: at, Cmds: []*parse.CommandNode{{
			NodeType: parse.NodeCommand, Pos: at,
			Args: []parse.Node{
				parse.NewIdentifier("_round").SetPos(at),
				&parse.VariableNode{NodeType: parse.NodeVariable, Pos: at, Ident: []string{"$"}},
			},
		}}},
		List: &parse.ListNode{NodeType: parse.NodeList, Pos: at},
	}}
}

// A placeError is a fault of a template at a place of it.
type placeError struct {
	at      int // bytes from the beginning
	problem string
}

func (e placeError) Error() string { return e.problem }

// placedAt says where in text the problem lies.
func placedAt(text string, at int, problem string) error {
	before := text[:min(max(at, 0), len(text))]
	line := strings.Count(before, "\n") + 1
	column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
	return fmt.Errorf("line %d, column %d: %s", line, column, problem)
}

// place is how the standard library begins its complaints: name, line, perhaps
// a column from 0, and where in the tree.
var place = regexp.MustCompile(`^(?:html/)?template: ?template:(\d+):(?:(\d+):)? (?:executing "template" (at <[^>]*>: )?)?`)

var noMember = regexp.MustCompile(`can't evaluate field (\S+) in type .*`)

// placed puts err, which came up with text, into our words.
func placed(text string, err error) error {
	var ours placeError
	if errors.As(err, &ours) {
		action, _, _ := strings.Cut(text[ours.at:], "}}")
		return placedAt(text, ours.at, brief([]byte(strings.TrimSpace(action)))+": "+ours.problem)
	}
	if errors.Is(err, errTooLong) {
		return errTooLong
	}
	message := err.Error()
	found := place.FindStringSubmatch(message)
	if found == nil {
		return err
	}
	line, _ := strconv.Atoi(found[1])
	problem := strings.TrimPrefix(found[3], "at ") + noMember.ReplaceAllString(message[len(found[0]):], "this is no object that could have a member $1")
	start := 0
	for range line - 1 {
		start += strings.IndexByte(text[start:], '\n') + 1
	}
	end := start + strings.IndexByte(text[start:]+"\n", '\n')
	offset, _ := strconv.Atoi(found[2])
	if found[2] == "" {
		offset = max(guess(text[start:end], message), 0)
	}
	return placedAt(text, min(start+offset, end), problem)
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// guess returns where in a line a complaint without a column is likely to be
// about: at the word that it quotes, else at the last action; -1 if there is none.
func guess(line, message string) int {
	for _, word := range quoted.FindAllStringSubmatch(message, -1) {
		if at := strings.Index(line, word[1]); at >= 0 {
			return at
		}
	}
	return strings.LastIndex(line, "{{")
}
