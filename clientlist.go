package main

import (
	"strconv"
	"time"

	"processmanager/ui"
)

type clientListCmd struct {
	JSON bool `name:"json" help:"Print JSON, one object a line."`
}

func (clientListCmd) Help() string {
	return `Lists the clients: how each is reached and how it is doing, how many deliveries
wait for it, have been confirmed by it, and were given up on (the dead letters).

Examples:

    ppm client list
    ppm client list --json`
}

// Run runs ppm client list.
func (c *clientListCmd) Run(p *program) error {
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
	if c.JSON {
		for _, c := range list {
			if err := p.printJSON(c); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		p.say("there are no clients yet; \"ppm client add --help\" tells how to add one")
		return nil
	}
	var rows [][]string
	for _, c := range list {
		rows = append(rows, []string{
			oneLine(c.Name), string(c.Kind), clientState(c, time.Now()), strconv.Itoa(len(c.Wants)),
			strconv.FormatInt(c.Waiting, 10), strconv.FormatInt(c.Delivered, 10), strconv.FormatInt(c.GaveUp, 10),
		})
	}
	t := table{
		out: p.stdout, width: terminalWidth(p.stdout), elastic: 2,
		heading: []string{"CLIENT", "KIND", "STATE", "SUBSCRIPTIONS", "WAITING", "DELIVERED", "GAVE UP"},
	}
	return t.print(rows)
}

// clientState says in words how a client is doing.
func clientState(c ui.Client, now time.Time) string {
	since := ""
	if c.FailingSince != nil {
		since = " since " + shortTime(*c.FailingSince, now)
	}
	state := "good"
	switch {
	case c.Down:
		state = "down" + since
	case c.Failing > 0:
		state = "failing" + since
	case len(c.Wants) == 0:
		state = "wants nothing yet"
	}
	if c.WaitsForSecrets {
		state = "waiting for secrets"
	}
	switch {
	case c.Held && c.Failing == 0:
		return "held"
	case c.Held:
		return "held; " + state
	}
	return state
}
