package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

type showCmd struct {
	Receipt  string `arg:"" optional:"" help:"The notification's receipt, as list and the acknowledgement tell it."`
	Rejected int64  `placeholder:"N" help:"Show what could not be used instead, by its number in list --rejected."`
	JSON     bool   `name:"json" help:"Print one JSON object."`
}

func (showCmd) Help() string {
	return `Shows one notification: its members, the body exactly as it came, every time that
it arrived, the application's data, and what has become of it: who wanted it or why
not, and every attempt to deliver it. With --rejected it shows a message that could not be used, and
why; in JSON its body is base64, because it need not be text.

Examples:

    ppm show 1042-7KQ2M9XD
    ppm show 1042-7KQ2M9XD --json
    ppm show --rejected 3`
}

// Run runs ppm show.
func (c *showCmd) Run(p *program) error {
	if (c.Receipt == "") == (c.Rejected == 0) {
		return usageError("show what? Give the receipt of a notification, or --rejected and a number")
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	if c.Rejected != 0 {
		return c.showRejected(p, from)
	}
	d, err := from.Find(p, ppm.Receipt(strings.ToUpper(c.Receipt)))
	if errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("there is no notification with the receipt %s; \"ppm list\" shows those there are", printable(c.Receipt))
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(d)
	}
	_, err = fmt.Fprint(p.stdout, detailText(d))
	return err
}

func (c *showCmd) showRejected(p *program, from kept) error {
	r, err := from.Rejection(p, c.Rejected)
	if errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("there is no rejection %d; \"ppm list --rejected\" shows those there are", c.Rejected)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(r)
	}
	_, err = fmt.Fprintf(p.stdout, "received %s from %s, answered %d\n%s\n\n%s\n",
		r.At.Local().Format(time.RFC1123Z), oneLine(r.From), r.Status, oneLine(r.Reason), strings.TrimRight(printable(string(r.Body)), "\n"))
	return err
}

func detailText(d ppm.Detail) string {
	var b strings.Builder
	row := func(name, value string) {
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-13s%s", name, oneLine(value)), " ") + "\n")
	}
	row("receipt", string(d.Receipt))
	row("application", d.Application)
	row("type", d.Type)
	row("event", d.Event)
	row("event time", d.EventTime)
	row("partner", d.Partner)
	row("content", d.Content)
	row("status", string(d.Status))
	row("sha-256", d.BodySHA256)
	b.WriteString("\n")
	for i, a := range d.History {
		word := "received"
		if i > 0 {
			word = "came again"
		}
		row(word, fmt.Sprintf("%s from %s", a.At.Local().Format(time.RFC1123Z), a.From))
		if a.Body != nil {
			b.WriteString("             with another body:\n" + indented(*a.Body))
		}
	}
	b.WriteString(workText(d))
	if d.Body == "" {
		b.WriteString("\nThe body is not kept any more.\n")
		return b.String()
	}
	b.WriteString("\n" + strings.TrimRight(strings.TrimPrefix(printable(strings.TrimPrefix(d.Body, "\ufeff")), "\n"), "\n") + "\n")
	return b.String()
}

func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(printable(strings.TrimPrefix(text, "\ufeff"))) {
		b.WriteString("             " + strings.TrimRight(line, "\r\n") + "\n")
	}
	return b.String()
}
