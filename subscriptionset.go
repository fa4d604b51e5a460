package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"processmanager/db"
)

type subscriptionSetCmd struct {
	Number int64 `arg:"" help:"The subscription, as list tells it."`
	ruleFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (subscriptionSetCmd) Help() string {
	return `Puts another rule in the place of a subscription's: what is named is changed, the
rest stays as it is. It counts for what arrives from then on; the old rule is
kept, because decisions were made by it. "" takes a condition away.

Examples:

    ppm subscription set 4 --when 'application.amount > 7500'
    ppm subscription set 4 --event Posted --when ""`
}

// Run runs ppm subscription set.
func (c *subscriptionSetCmd) Run(p *program) error {
	if !c.given() {
		return usageError("subscription set: say what to change, with --type, --event, --partner or --when")
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	wanted, whose, err := p.subscribed(from, c.Number)
	if err != nil {
		return err
	}
	old := wanted.Rule.Number
	wanted.Rule = c.over(wanted.Rule)
	saved, err := from.SaveSubscription(p, wanted, p.by())
	if err != nil {
		return fmt.Errorf("not changed: %w", gone("such subscription", err))
	}
	if c.JSON {
		return p.printJSON(saved)
	}
	if saved.Rule.Number == old {
		_, err = fmt.Fprintf(p.stdout, "subscription %d stays as it is: %s gets %s (rule %d)\n", saved.Number, quoted(whose.Name), ruleText(saved.Rule), old)
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "subscription %d changed: %s gets %s (rule %d, in the place of rule %d)\n",
		saved.Number, quoted(whose.Name), ruleText(saved.Rule), saved.Rule.Number, old)
	return err
}

type subscriptionRemoveCmd struct {
	Number int64 `arg:"" help:"The subscription, as list tells it."`
}

func (subscriptionRemoveCmd) Help() string {
	return `Ends a subscription: the client gets nothing by it any more. What is on its way
already is delivered.

Examples:

    ppm subscription remove 4`
}

// Run runs ppm subscription remove.
func (c *subscriptionRemoveCmd) Run(p *program) error {
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	_, whose, err := p.subscribed(from, c.Number)
	if err != nil {
		return err
	}
	if err := from.RemoveSubscription(p, c.Number, p.by()); err != nil {
		return gone("such subscription", err)
	}
	left := ""
	if len(whose.Wants) == 1 {
		left = fmt.Sprintf("; %s gets nothing any more", quoted(whose.Name))
	}
	_, err = fmt.Fprintf(p.stdout, "subscription %d of %s removed%s\n", c.Number, quoted(whose.Name), left)
	return err
}

type subscriptionHistoryCmd struct {
	Number int64 `arg:"" help:"The subscription, also one that has been removed."`
	JSON   bool  `name:"json" help:"Print JSON, one object a line."`
}

func (subscriptionHistoryCmd) Help() string {
	return `Lists every rule that a subscription has had, oldest first, and since when each was
in force. Decisions ("ppm show") name the rule they were made by.

Examples:

    ppm subscription history 4
    ppm subscription history 4 --json`
}

// Run runs ppm subscription history.
func (c *subscriptionHistoryCmd) Run(p *program) error {
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	rules, err := from.Rules(p, c.Number)
	if errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("there has been no subscription %d; \"ppm subscription list\" shows those there are", c.Number)
	}
	if err != nil {
		return err
	}
	var rows [][]string
	for _, r := range rules {
		if c.JSON {
			if err := p.printJSON(r); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{strconv.FormatInt(r.Number, 10), shortTime(r.Since, time.Now()), ruleText(r)})
	}
	t := table{out: p.stdout, width: terminalWidth(p.stdout), elastic: 2, heading: []string{"RULE", "SINCE", "WANTS"}}
	return t.print(rows)
}
