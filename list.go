package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"processmanager/ppm"
	"processmanager/ui"
)

type listCmd struct {
	Limit    int  `default:"50" help:"At most so many; 0 lists all."`
	Rejected bool `help:"List what could not be used instead, and why."`
	Dead     bool `help:"List the deliveries that were given up on instead, and why."`
	JSON     bool `name:"json" help:"Print JSON, one object a line."`
}

func (listCmd) Help() string {
	return `Lists what has been received, newest first: when, which application, what
happened, how far the work on it has come, how often it came. The receipt at the
end of each line is what "ppm show" wants.

With --rejected it lists the messages that came with the right password but could
not be used, what they were answered, and what was wrong with them. With --dead it
lists the deliveries that were given up on; "ppm retry" tries them again.

Examples:

    ppm list
    ppm list --limit 500
    ppm list --limit 0 --json > all.jsonl
    ppm list --rejected
    ppm list --dead`
}

// Run runs ppm list.
func (c *listCmd) Run(p *program) error {
	if c.Limit < 0 {
		return usageError("--limit: give how many to list, or 0 for all")
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	if c.Rejected && c.Dead {
		return usageError("--rejected and --dead are two lists; ask for one of them")
	}
	if c.Dead {
		return p.listDead(from, c.Limit, c.JSON)
	}
	if c.Rejected {
		return p.listRejected(from, c.Limit, c.JSON)
	}
	out := p.records(c.JSON)
	err = pages(c.Limit, func(after ppm.Receipt, limit int) ([]ppm.Record, error) {
		return from.List(p, ppm.Page{After: after, Limit: limit})
	}, lastReceipt, out.print)
	if err != nil {
		return err
	}
	if !out.any && !c.JSON {
		p.say("no notification has been received yet")
	}
	return out.buf.Flush()
}

// pages reads a list page by page, up to limit (0: to its end), and hands each
// page to show. place tells where a page ends, so that the next begins there.
func pages[T any, P any](limit int, read func(after P, limit int) ([]T, error), place func(T) P, show func([]T) error) error {
	var after P
	for left := limit; limit == 0 || left > 0; left -= ui.MaxPage {
		n := ui.MaxPage
		if limit > 0 {
			n = min(n, left)
		}
		page, err := read(after, n)
		if err != nil {
			return err
		}
		if err := show(page); err != nil {
			return err
		}
		if len(page) < n {
			return nil
		}
		after = place(page[len(page)-1])
	}
	return nil
}

func lastReceipt(r ppm.Record) ppm.Receipt { return r.Receipt }

// recordPrinter prints records as they come: for people as a table, for
// programs as JSON lines.
type recordPrinter struct {
	ctx   context.Context
	buf   *bufio.Writer
	enc   *json.Encoder // nil: a table
	table table
	now   time.Time
	any   bool
}

func (p *program) records(asJSON bool) *recordPrinter {
	o := &recordPrinter{ctx: p, buf: bufio.NewWriter(p.stdout), now: time.Now()}
	if asJSON {
		o.enc = newEncoder(o.buf)
	}
	o.table = table{
		out: o.buf, width: terminalWidth(p.stdout), elastic: 2,
		heading: []string{"RECEIVED", "APPLICATION", "TYPE AND EVENT", "STATUS", "CAME", "RECEIPT"},
	}
	return o
}

func (o *recordPrinter) print(page []ppm.Record) error {
	var rows [][]string
	for _, r := range page {
		o.any = true
		if o.enc != nil {
			if err := o.enc.Encode(r); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{
			shortTime(r.ReceivedAt, o.now), oneLine(r.Application), oneLine(kind(r.Notification)),
			string(r.Status), times(r.Arrivals), string(r.Receipt),
		})
	}
	if err := o.table.print(rows); err != nil {
		return err
	}
	return errors.Join(o.buf.Flush(), o.ctx.Err())
}

// kind is what a person calls the kind of a notification.
func kind(n ppm.Notification) string {
	if n.Event == "" {
		return n.Type
	}
	return n.Type + ": " + n.Event
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return strconv.FormatInt(n, 10) + " times"
}

func (p *program) listRejected(from kept, limit int, asJSON bool) error {
	out := bufio.NewWriter(p.stdout)
	enc := newEncoder(out)
	now, any := time.Now(), false
	err := pages(limit, func(before int64, limit int) ([]ppm.Rejection, error) {
		return from.Rejections(p, before, limit)
	}, func(r ppm.Rejection) int64 { return r.ID }, func(page []ppm.Rejection) error {
		for _, r := range page {
			any = true
			if asJSON {
				if err := enc.Encode(r); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(out, "%d  %s  from %s, answered %d\n    %s\n", r.ID, shortTime(r.At, now), oneLine(r.From), r.Status,
				strings.ReplaceAll(printable(r.Reason), "\n", "\n    "))
		}
		return errors.Join(out.Flush(), p.Err())
	})
	if err == nil && !any && !asJSON {
		p.say("nothing has been rejected")
	}
	return err
}
