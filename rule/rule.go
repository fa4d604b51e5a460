// Package rule decides whether a client wants a notification. A rule compares
// three members of the notification and evaluates an expression in the language
// of expr-lang.org over the notification and its application's data; whatever it
// decides, it says why, in words.
//
// The package knows no disk, no network and no clock: the same rule, notification
// and data always give the same answer, so that the past can be asked again.
package rule

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"

	"processmanager/ppm"
)

const (
	// maxLength is that of an expression, in bytes.
	maxLength = 4000
	// maxNodes is how many words, numbers and operators one may have.
	maxNodes = 1000
)

// A Rule is a [ppm.Rule] that can be applied. It never changes and may be used
// concurrently.
type Rule struct {
	ppm.Rule
	when     *expression // nil: the three members decide alone
	unusable error       // why when cannot be used
}

// expression is what a rule's When says, checked.
type expression struct {
	source   []rune
	root     ast.Node
	patterns map[ast.Node]pattern // of "matches"
	data     bool                 // mentions application
}

// Compile reads r and checks that what its expression compares can be compared
// and that it comes to true or false. What is wrong with it is an [*Error].
func Compile(r ppm.Rule) (*Rule, error) {
	if strings.TrimSpace(r.When) == "" {
		return &Rule{Rule: r}, nil
	}
	when, err := compile(r.When)
	if err != nil {
		return nil, err
	}
	return &Rule{Rule: r, when: when}, nil
}

// Unusable stands for a rule that was kept but cannot be compiled any more, and
// why: notifications that fit its other members cannot be decided.
func Unusable(r ppm.Rule, err error) *Rule { return &Rule{Rule: r, unusable: err} }

// NeedsData reports whether the decision can depend on the application's data.
func (r *Rule) NeedsData() bool { return r.when != nil && r.when.data }

// Wants says whether r wants the notification, and why: [ppm.Wanted],
// [ppm.Unwanted], or [ppm.Undecidable] when what is to be compared cannot be.
// With data nil it is [ppm.Undecided] if the data would decide.
//
// The reason is a line of bounded length without control characters. It shows
// values of the notification and of the application: it is personal data, like these.
func (r *Rule) Wants(n ppm.Record, data *Data) (ppm.Outcome, string) {
	for _, m := range [...]struct{ name, is, want string }{
		{"notificationType", n.Type, r.Type},
		{"eventDescription", n.Event, r.Event},
		{"partnerCode", n.Partner, r.Partner},
	} {
		if m.want != "" && m.is != m.want {
			return ppm.Unwanted, r.say("%s is %s, not %s", m.name, word(m.is), word(m.want))
		}
	}
	switch {
	case r.unusable != nil:
		return ppm.Undecidable, r.say("the rule cannot be applied: %s", clean(r.unusable.Error(), maxReason/2))
	case r.when == nil:
		return ppm.Wanted, r.name()
	}
	return r.when.decide(r, n, data)
}

func (r *Rule) name() string { return fmt.Sprintf("rule %d", r.Number) }

// say puts the rule's name behind what is told, which is cut to be a reason.
func (r *Rule) say(format string, args ...any) string {
	return clean(fmt.Sprintf(format, args...), maxReason) + " (" + r.name() + ")"
}

// environment is what an expression is about, for expr's own check of types.
type environment struct {
	Notification notification `expr:"notification"`
	Application  any          `expr:"application"`
}

// notification is what an expression can see of one.
type notification struct {
	Application string `expr:"id"`
	Type        string `expr:"notificationType"`
	Event       string `expr:"eventDescription"`
	Partner     string `expr:"partnerCode"`
	EventTime   string `expr:"eventTime"`
	Content     string `expr:"content"`
	ReceivedAt  string `expr:"receivedAt"`
}

// members are those of notification, and what each one is.
var members = map[string]func(ppm.Record) string{
	"id":               func(n ppm.Record) string { return n.Application },
	"notificationType": func(n ppm.Record) string { return n.Type },
	"eventDescription": func(n ppm.Record) string { return n.Event },
	"partnerCode":      func(n ppm.Record) string { return n.Partner },
	"eventTime":        func(n ppm.Record) string { return n.EventTime },
	"content":          func(n ppm.Record) string { return n.Content },
	"receivedAt":       func(n ppm.Record) string { return n.ReceivedAt.UTC().Format("2006-01-02T15:04:05Z") },
}

func compile(text string) (*expression, error) {
	if len(text) > maxLength {
		return nil, &Error{Line: 1, Column: 1, Problem: fmt.Sprintf("the expression has %d bytes; %d are allowed", len(text), maxLength)}
	}
	config := conf.New(environment{})
	config.MaxNodes = maxNodes
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return nil, syntaxError(text, err)
	}
	c := check{expression: &expression{source: []rune(text), root: tree.Node, patterns: make(map[ast.Node]pattern)}}
	if is := c.visit(tree.Node); c.err == nil && is != anything && is != boolean {
		c.complain(tree.Node, "a rule must come to true or false; this is %s", is)
	}
	if c.err != nil {
		return nil, c.err
	}
	// Our own check says it better; expr's is the one that the language is known by.
	if _, err := checker.Check(tree, config); err != nil {
		return nil, syntaxError(text, err)
	}
	return c.expression, nil
}
