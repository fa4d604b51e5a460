package main

import (
	"errors"
	"fmt"
	"strings"

	"processmanager/db"
	"processmanager/ppm"
	"processmanager/ui"
)

type clientHoldCmd struct {
	Name string `arg:"" optional:"" help:"The client."`
	All  bool   `help:"All clients."`
}

func (clientHoldCmd) Help() string {
	return `Keeps everything for a client waiting until it is resumed, as while its own machine
is being worked on. Nothing is lost, and no attempt is counted. An attempt that
is being made goes on to its end.

Examples:

    ppm client hold billing
    ppm client hold --all`
}

// Run runs ppm client hold.
func (c *clientHoldCmd) Run(p *program) error { return p.holdClients(c.Name, c.All, true) }

type clientResumeCmd struct {
	Name string `arg:"" optional:"" help:"The client."`
	All  bool   `help:"All clients."`
}

func (clientResumeCmd) Help() string {
	return `Lets a client that was held have what has been waiting for it, and what comes.

Examples:

    ppm client resume billing
    ppm client resume --all`
}

// Run runs ppm client resume.
func (c *clientResumeCmd) Run(p *program) error { return p.holdClients(c.Name, c.All, false) }

func (p *program) holdClients(name string, all, held bool) error {
	if (name == "") == !all {
		return usageError("which client? Give its name, or --all")
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	var list []ui.Client
	if all {
		everybody, err := from.Clients(p)
		if err != nil {
			return err
		}
		if list = present(everybody); len(list) == 0 {
			return errors.New("there are no clients yet")
		}
	} else {
		c, err := p.clientNamed(from, name)
		if err != nil {
			return err
		}
		list = []ui.Client{c}
	}
	word := "resumed"
	if held {
		word = "held"
	}
	for _, c := range list {
		if err := from.HoldClient(p, c.Number, held, p.by()); err != nil {
			return fmt.Errorf("%s: %w", c.Name, gone("such client", err))
		}
		waiting := ""
		if c.Waiting > 0 {
			waiting = "; " + ppm.Counted(c.Waiting, "delivery waits", "deliveries wait") + " for it"
		}
		if _, err := fmt.Fprintf(p.stdout, "%s %s%s\n", quoted(c.Name), word, waiting); err != nil {
			return err
		}
	}
	return nil
}

type clientRemoveCmd struct {
	Name string `arg:"" help:"The client."`
	Yes  bool   `help:"Don't ask."`
}

func (clientRemoveCmd) Help() string {
	return `Removes a client and its subscriptions. What still waits for it becomes dead
letters. What it has been sent is still shown, under its name.

Examples:

    ppm client remove billing
    ppm client remove billing --yes`
}

// Run runs ppm client remove.
func (c *clientRemoveCmd) Run(p *program) error {
	from, found, err := p.reachFor(c.Name)
	if err != nil {
		return err
	}
	defer from.Close()
	if !c.Yes {
		what := fmt.Sprintf("This removes the client %s. It gets nothing any more.", quoted(found.Name))
		if found.Waiting > 0 {
			what += fmt.Sprintf("\n%s for it and will never be delivered.", ppm.Counted(found.Waiting, "delivery still waits", "deliveries still wait"))
		}
		if err := p.confirm(what); err != nil {
			return err
		}
	}
	if err := from.RemoveClient(p, found.Number, p.by()); err != nil {
		return gone("such client", err)
	}
	_, err = fmt.Fprintf(p.stdout, "client %s removed\n", quoted(found.Name))
	return err
}

type clientTestCmd struct {
	Name    string `arg:"" help:"The client."`
	Receipt string `arg:"" optional:"" help:"A notification kept; else a sample that says that it is one."`
	JSON    bool   `name:"json" help:"Print one JSON object."`
}

func (clientTestCmd) Help() string {
	return `Gives a client a notification once and at once, and tells what it said. Whether the
client wants that, or is held, does not matter; nothing is tried again or counted.

The sample's application has the number TEST, and its type is ppm.test. A
notification that is kept goes out as it was, with the application's data as last
fetched, so that a client that acts on it acts again.

Examples:

    ppm client test billing
    ppm client test billing 1042-7KQ2M9XD`
}

// Run runs ppm client test.
func (c *clientTestCmd) Run(p *program) error {
	from, found, err := p.reachFor(c.Name)
	if err != nil {
		return err
	}
	defer from.Close()
	receipt := ppm.Receipt(strings.ToUpper(c.Receipt))
	progress := p.progress("waiting for the client", "")
	made, err := from.TestClient(p, found.Number, receipt, p.by())
	progress.end()
	if errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("there is no notification with the receipt %s; \"ppm list\" shows those there are", printable(c.Receipt))
	}
	if err != nil {
		return err
	}
	if c.JSON {
		err = p.printJSON(made)
	} else {
		_, err = fmt.Fprint(p.stdout, testText(made))
	}
	if err == nil && made.Error != "" {
		err = fmt.Errorf("not delivered to %s", quoted(found.Name))
	}
	return err
}

func testText(made ppm.AttemptSummary) string {
	text := "delivered in " + millis(made.Took)
	if made.Error != "" {
		text = oneLine(made.Error) + "\nafter " + millis(made.Took)
	}
	if made.Status != 0 {
		text += fmt.Sprintf(", status %d", made.Status)
	}
	if said := strings.TrimSpace(printable(strings.ToValidUTF8(string(made.Excerpt), "�"))); said != "" {
		text += "\n\n" + said
	}
	return text + "\n"
}
