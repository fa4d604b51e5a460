package main

import (
	"bufio"
	"errors"
	"time"

	"processmanager/ppm"
)

type historyCmd struct {
	About string `placeholder:"WHAT" help:"Only what was done about this: a client, a receipt, an application."`
	Limit int    `default:"50" help:"At most so many; 0 lists all."`
	JSON  bool   `name:"json" help:"Print JSON, one object a line."`
}

func (historyCmd) Help() string {
	return `Lists what people did, newest first: clients and subscriptions added, changed and
removed, deliveries retried and replayed, applications erased; who did it, and when.

Examples:

    ppm history
    ppm history --about billing
    ppm history --limit 0 --json > audit.jsonl`
}

// Run runs ppm history.
func (c *historyCmd) Run(p *program) error {
	if c.Limit < 0 {
		return usageError("--limit: give how many to list, or 0 for all")
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	out := bufio.NewWriter(p.stdout)
	enc := newEncoder(out)
	now, any := time.Now(), false
	t := table{
		out: out, width: terminalWidth(p.stdout), elastic: 4,
		heading: []string{"WHEN", "WHO", "WHAT", "ABOUT", "DETAILS"},
	}
	err = pages(c.Limit, func(before int64, limit int) ([]ppm.Action, error) {
		return from.Actions(p, c.About, before, limit)
	}, func(a ppm.Action) int64 { return a.Number }, func(page []ppm.Action) error {
		var rows [][]string
		for _, a := range page {
			any = true
			if c.JSON {
				if err := enc.Encode(a); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{shortTime(a.At, now), oneLine(a.By), oneLine(a.What), oneLine(a.About), oneLine(a.Details)})
		}
		return errors.Join(t.print(rows), out.Flush(), p.Err())
	})
	if err == nil && !any && !c.JSON {
		p.say("nobody has done anything yet that is kept here")
	}
	return err
}
