package main

import (
	"bufio"
	"errors"
	"fmt"
	"time"

	"processmanager/ppm"
	"processmanager/ui"
)

type subscriptionTestCmd struct {
	Client string `arg:"" help:"The client."`
	Number int64  `placeholder:"N" help:"The subscription whose rule it would replace; what is not given is as in that."`
	ruleFlags
	Since string `default:"30d" placeholder:"TIME" help:"On what was received since, such as 2026-01-31 or 30d (as when nothing is said)."`
	All   bool   `help:"List everything that it chooses, not only what differs."`
	JSON  bool   `name:"json" help:"Print JSON, one object a line; the last one holds the numbers."`
}

func (subscriptionTestCmd) Help() string {
	return `Tries a rule on the notifications that have been received, with the application's
data as last fetched, and sends nothing. It tells how many the client would have got,
and what differs from the rules in force: + is got only with the rule that is
tried, - only without it. Without --number the rule is tried in the place of all
that the client wants now.

` + aboutRules + `

Examples:

    ppm subscription test billing --when 'application.amount > 5000'
    ppm subscription test billing --number 4 --when 'application.amount > 7500' --since 2026-11-01
    ppm subscription test billing --type batchApplicationStatusChange --all --json`
}

// tally counts what a rule that is tried comes to.
type tally struct {
	Looked int64 `json:"looked"` // notifications
	Chosen int64 `json:"chosen"` // by the rule that is tried
	Now    int64 `json:"now"`    // by the rules in force
	More   int64 `json:"more"`   // chosen, but not now
	Fewer  int64 `json:"fewer"`  // now, but not chosen
}

func (t *tally) count(x ui.Trial) {
	if x.Wanted {
		t.Chosen++
	}
	if x.Was {
		t.Now++
	}
	switch {
	case x.Wanted && !x.Was:
		t.More++
	case x.Was && !x.Wanted:
		t.Fewer++
	}
}

// Run runs ppm subscription test.
func (c *subscriptionTestCmd) Run(p *program) error {
	since, err := parseSince(c.Since, time.Now())
	if err != nil {
		return err
	}
	from, wanting, err := p.reachFor(c.Client)
	if err != nil {
		return err
	}
	defer from.Close()
	tried := ppm.Subscription{Client: wanting.Number}
	if c.Number != 0 {
		old, whose, err := p.subscribed(from, c.Number)
		if err != nil {
			return err
		}
		if whose.Number != wanting.Number {
			return usageError(fmt.Sprintf("--number %d: that is a subscription of %s", c.Number, quoted(whose.Name)))
		}
		tried = old
	}
	tried.Rule = c.over(tried.Rule)
	out := bufio.NewWriter(p.stdout)
	show := c.table(p, out)
	var sum tally
	progress := p.progress("looked at", "")
	sum.Looked, err = from.TryRule(p, tried, since, func(t ui.Trial) error {
		sum.count(t)
		progress.at(int(t.Looked), 0)
		if c.All || t.Wanted != t.Was || c.JSON {
			return show(t)
		}
		return nil
	})
	progress.end()
	if err == nil && c.JSON {
		err = newEncoder(out).Encode(sum)
	}
	if err = errors.Join(err, out.Flush()); err != nil || c.JSON {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s\n", sum.text(ruleText(tried.Rule), since))
	return err
}

func (t tally) text(rule string, since time.Time) string {
	return fmt.Sprintf("Of %s since %s it chooses %d: %s.\nNow %d are chosen: +%d, −%d.",
		ppm.Counted(t.Looked, "notification", "notifications"), since.Local().Format("2 January 2006 15:04"), t.Chosen, rule, t.Now, t.More, t.Fewer)
}

// table returns what shows one notification after the other.
func (c *subscriptionTestCmd) table(p *program, out *bufio.Writer) func(ui.Trial) error {
	if c.JSON {
		enc := newEncoder(out)
		return func(t ui.Trial) error { return enc.Encode(t) }
	}
	now := time.Now()
	t := table{
		out: out, width: terminalWidth(p.stdout), elastic: 4,
		heading: []string{"", "RECEIVED", "APPLICATION", "TYPE AND EVENT", "WHY", "RECEIPT"},
	}
	return func(x ui.Trial) error {
		sign := " "
		switch {
		case x.Wanted && !x.Was:
			sign = "+"
		case x.Was && !x.Wanted:
			sign = "-"
		}
		return t.print([][]string{{
			sign, shortTime(x.ReceivedAt, now), oneLine(x.Application), oneLine(kind(x.Notification)), oneLine(x.Reason), string(x.Receipt),
		}})
	}
}
