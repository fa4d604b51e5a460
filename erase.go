package main

import (
	"errors"
	"fmt"
	"strings"

	"processmanager/ppm"
)

type eraseCmd struct {
	Application string `arg:"" help:"The application's number, exactly as notifications have it."`
	Yes         bool   `help:"Don't ask."`
	JSON        bool   `name:"json" help:"Print one JSON object."`
}

func (eraseCmd) Help() string {
	return `Removes everything personal of one application, at once: the bodies of its
notifications, the data that was fetched, what clients answered, what could not be
used and names it, and what can be searched. Deliveries that still wait are given
up on. It cannot be undone. That notifications came, and when, is still kept, so
that one that comes again is known; its body is then not kept either.

Backups still hold it, and so does everybody it was delivered to.

Examples:

    ppm erase A056035
    ppm erase A056035 --yes`
}

// Run runs ppm erase.
func (c *eraseCmd) Run(p *program) error {
	application := strings.TrimSpace(c.Application)
	if application == "" {
		return usageError("erase: give the number of an application")
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	if !c.Yes {
		if err := p.confirm(fmt.Sprintf("This removes everything personal of the application %s from what is kept here.\nIt cannot be undone.", quoted(application))); err != nil {
			return err
		}
	}
	progress := p.progress("erasing", "")
	erased, err := from.Erase(p, application, p.by())
	progress.end()
	if err != nil {
		return fmt.Errorf("erase %s: %w; parts of it may still be there, so do it again", application, err)
	}
	if c.JSON {
		return p.printJSON(struct {
			Application string `json:"application"`
			ppm.Erased
		}{application, erased})
	}
	_, err = fmt.Fprint(p.stdout, erasedText(application, erased))
	if err == nil && erased == (ppm.Erased{}) {
		err = errors.New("is the number right? It counts how it is capitalised")
	}
	return err
}

func erasedText(application string, e ppm.Erased) string {
	if e == (ppm.Erased{}) {
		return fmt.Sprintf("nothing personal is kept of the application %s\n", quoted(application))
	}
	text := fmt.Sprintf("erased of %s: bodies, data and answers of %s", quoted(application), ppm.Counted(e.Notifications, "notification", "notifications"))
	if e.Rejections > 0 {
		text += fmt.Sprintf(", and %s", ppm.Counted(e.Rejections, "message that could not be used", "messages that could not be used"))
	}
	text += "\n"
	if e.Stopped > 0 {
		text += fmt.Sprintf("%s not made any more\n", ppm.Counted(e.Stopped, "delivery that still waited is", "deliveries that still waited are"))
	}
	return text + "Backups made before still hold it, and so does everybody it was delivered to.\n"
}
