package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"processmanager/ppm"
	"processmanager/ui"
)

type subscriptionCmd struct {
	Add     subscriptionAddCmd     `cmd:"" help:"Have a client get notifications."`
	List    subscriptionListCmd    `cmd:"" help:"List what clients want."`
	Set     subscriptionSetCmd     `cmd:"" help:"Put another rule in the place of one."`
	Remove  subscriptionRemoveCmd  `cmd:"" help:"End a subscription."`
	History subscriptionHistoryCmd `cmd:"" help:"List every rule that a subscription has had."`
	Test    subscriptionTestCmd    `cmd:"" help:"Try a rule on what has been received."`
}

func (subscriptionCmd) Help() string {
	return `A subscription says which notifications a client gets: all, or those that fit its
rule. A client with several gets what any of them wants. A rule is by the
notification's type, event and partner, compared exactly, and by an expression
over the notification and the application's data, which is fetched from
Clearmatch for that.

` + aboutRules + `

Examples:

    ppm subscription add billing
    ppm subscription add billing --type batchApplicationStatusChange --event Posted
    ppm subscription test billing --when 'application.amount > 5000' --since 30d
    ppm subscription add billing --when 'application.status == "Posted" && application.amount > 5000'`
}

const aboutRules = `In an expression, notification has the members id, notificationType, partnerCode,
eventDescription, eventTime and content, and application is the data as
Clearmatch's API gives it.`

// ruleFlags say what a rule wants. What is not given stays as it is.
type ruleFlags struct {
	Type    *string `placeholder:"TYPE" help:"Only this notificationType."`
	Event   *string `placeholder:"EVENT" help:"Only this eventDescription."`
	Partner *string `placeholder:"CODE" help:"Only this partnerCode."`
	When    *string `placeholder:"EXPRESSION" help:"Only where this holds."`
}

func (f ruleFlags) given() bool {
	return f.Type != nil || f.Event != nil || f.Partner != nil || f.When != nil
}

// over returns r with what the flags say.
func (f ruleFlags) over(r ppm.Rule) ppm.Rule {
	for _, m := range []struct{ to, flag *string }{{&r.Type, f.Type}, {&r.Event, f.Event}, {&r.Partner, f.Partner}, {&r.When, f.When}} {
		if m.flag != nil {
			*m.to = *m.flag
		}
	}
	return r
}

// ruleText says in words what a rule wants.
func ruleText(r ppm.Rule) string {
	var words []string
	for _, m := range []struct{ name, value string }{{"type", r.Type}, {"event", r.Event}, {"partner", r.Partner}} {
		if m.value != "" {
			words = append(words, m.name+" "+oneLine(m.value))
		}
	}
	if r.When != "" {
		words = append(words, "when "+oneLine(r.When))
	}
	if words == nil {
		return "everything"
	}
	return strings.Join(words, ", ")
}

type subscriptionAddCmd struct {
	Client string `arg:"" help:"The client."`
	ruleFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (subscriptionAddCmd) Help() string {
	return `Has a client get the notifications that fit, from those on that arrive now; without
a rule it gets all. What came before can be delivered with ppm replay --missing.

` + aboutRules + `

Examples:

    ppm subscription add billing
    ppm subscription add billing --type batchApplicationStatusChange --event Posted
    ppm subscription add billing --when 'application.status == "Posted" && application.amount > 5000'`
}

// Run runs ppm subscription add.
func (c *subscriptionAddCmd) Run(p *program) error {
	from, wanting, err := p.reachFor(c.Client)
	if err != nil {
		return err
	}
	defer from.Close()
	saved, err := from.SaveSubscription(p, ppm.Subscription{Client: wanting.Number, Rule: c.over(ppm.Rule{})}, p.by())
	if err != nil {
		return fmt.Errorf("not added: %w", gone("such client", err))
	}
	if c.JSON {
		return p.printJSON(saved)
	}
	_, err = fmt.Fprintf(p.stdout, "subscription %d added: %s gets %s (rule %d)\n", saved.Number, quoted(wanting.Name), ruleText(saved.Rule), saved.Rule.Number)
	return err
}

type subscriptionListCmd struct {
	Client string `arg:"" optional:"" help:"Only this client's."`
	JSON   bool   `name:"json" help:"Print JSON, one object a line."`
}

func (subscriptionListCmd) Help() string {
	return `Lists what clients want: each subscription with its number and the rule in force.

Examples:

    ppm subscription list
    ppm subscription list billing --json`
}

// Run runs ppm subscription list.
func (c *subscriptionListCmd) Run(p *program) error {
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	all, err := from.Clients(p)
	if err != nil {
		return err
	}
	list := present(all)
	if c.Client != "" {
		one, err := p.clientNamed(from, c.Client)
		if err != nil {
			return err
		}
		list = []ui.Client{one}
	}
	var rows [][]string
	for _, wanting := range list {
		for _, s := range wanting.Wants {
			if c.JSON {
				err := p.printJSON(struct {
					ppm.Subscription
					Name string `json:"name"`
				}{s, wanting.Name})
				if err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{
				strconv.FormatInt(s.Number, 10), oneLine(wanting.Name), ruleText(s.Rule),
				strconv.FormatInt(s.Rule.Number, 10), shortTime(s.Since, time.Now()),
			})
		}
	}
	if rows == nil && !c.JSON {
		p.say("nothing is subscribed to yet: ppm subscription add CLIENT")
	}
	t := table{
		out: p.stdout, width: terminalWidth(p.stdout), elastic: 2,
		heading: []string{"SUBSCRIPTION", "CLIENT", "WANTS", "RULE", "SINCE"},
	}
	return t.print(rows)
}

// subscribed returns the subscription with that number and whose it is.
func (p *program) subscribed(from kept, number int64) (ppm.Subscription, ui.Client, error) {
	all, err := from.Clients(p)
	if err != nil {
		return ppm.Subscription{}, ui.Client{}, err
	}
	for _, c := range all {
		for _, s := range c.Wants {
			if s.Number == number {
				return s, c, nil
			}
		}
	}
	return ppm.Subscription{}, ui.Client{}, fmt.Errorf("there is no subscription %d; \"ppm subscription list\" shows those there are", number)
}
