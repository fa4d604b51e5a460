package main

import (
	"strings"

	"processmanager/ppm"
)

type searchCmd struct {
	Words []string `arg:"" help:"What to look for: whole words or their beginnings."`
	Limit int      `default:"50" help:"At most so many; 0 finds all."`
	JSON  bool     `name:"json" help:"Print JSON, one object a line."`
}

func (searchCmd) Help() string {
	return `Finds the notifications in which every word occurs, whole or as a beginning: in
the application's number, the type, the event, the partner code or the text of
the body. Newest first. A notification can be found a moment after it came.

Examples:

    ppm search A056035
    ppm search posted A05
    ppm search batchApplicationStatusChange --limit 0 --json`
}

// Run runs ppm search.
func (c *searchCmd) Run(p *program) error {
	if c.Limit < 0 {
		return usageError("--limit: give how many to find, or 0 for all")
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	var behind int64
	text := strings.Join(c.Words, " ")
	out := p.records(c.JSON)
	err = pages(c.Limit, func(after ppm.Receipt, limit int) ([]ppm.Record, error) {
		found, n, err := from.Search(p, text, ppm.Page{After: after, Limit: limit})
		behind = n
		return found, err
	}, lastReceipt, out.print)
	if err != nil {
		return err
	}
	if !out.any && !c.JSON {
		p.say("nothing was found")
	}
	if behind > 0 {
		p.say("%s cannot be searched yet; try again in a moment", ppm.Counted(behind, "notification", "notifications"))
	}
	return out.buf.Flush()
}
