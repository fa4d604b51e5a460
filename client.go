package main

import (
	"errors"
	"fmt"
	"strings"

	"processmanager/db"
	"processmanager/ui"
)

type clientCmd struct {
	Add    clientAddCmd    `cmd:"" help:"Add a client: a program of yours that wants notifications."`
	Set    clientSetCmd    `cmd:"" help:"Change a client."`
	List   clientListCmd   `cmd:"" help:"List the clients and how they are doing."`
	Show   clientShowCmd   `cmd:"" help:"Show all there is to know about a client."`
	Test   clientTestCmd   `cmd:"" help:"Send a client a sample, or a notification kept, to try it out."`
	Hold   clientHoldCmd   `cmd:"" help:"Keep everything for a client waiting."`
	Resume clientResumeCmd `cmd:"" help:"Let it go again."`
	Remove clientRemoveCmd `cmd:"" help:"Remove a client."`
	Kinds  clientKindsCmd  `cmd:"" help:"Tell what kinds there are and what each can be told."`
}

func (clientCmd) Help() string {
	return `A client is a program of yours that wants notifications: a web address, a program
of this machine, a folder, or a mailbox. Which ones it wants is in its
subscriptions (ppm subscription). What cannot be delivered is tried again, ever
more rarely; what was given up on can be tried again with ppm retry.

Examples:

    ppm client kinds web
    ppm client add billing --kind web --set url=https://billing.example/hook --secret token
    ppm client test billing
    ppm client list`
}

// clientNamed returns the client that people call by name; how it is
// capitalised does not matter.
func (p *program) clientNamed(from kept, name string) (ui.Client, error) {
	all, err := from.Clients(p)
	if err != nil {
		return ui.Client{}, err
	}
	for _, c := range present(all) {
		if strings.EqualFold(c.Name, name) {
			return c, nil
		}
	}
	return ui.Client{}, fmt.Errorf("there is no client %q; \"ppm client list\" shows those there are", printable(name))
}

// reachFor is [program.reach] for who needs the client that people call by name.
func (p *program) reachFor(name string) (kept, ui.Client, error) {
	from, err := p.reach()
	if err != nil {
		return nil, ui.Client{}, err
	}
	c, err := p.clientNamed(from, name)
	if err != nil {
		from.Close()
		return nil, ui.Client{}, err
	}
	return from, c, nil
}

// present returns the clients that have not been removed.
func present(all []ui.Client) []ui.Client {
	var list []ui.Client
	for _, c := range all {
		if c.Removed == nil {
			list = append(list, c)
		}
	}
	return list
}

// fetching is what people call what client number 0 stands for.
const fetching = "Clearmatch's API"

// quoted is a name in a sentence or, if it needs no quotes, in a command.
func quoted(name string) string {
	if name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}) {
		return name
	}
	return fmt.Sprintf("%q", name)
}

// gone puts it in words that a client or subscription has been removed by
// somebody else meanwhile.
func gone(what string, err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("there is no %s (any more)", what)
	}
	return err
}
