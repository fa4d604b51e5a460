package main

import (
	"errors"
	"fmt"

	"processmanager/db"
	"processmanager/ppm"
)

type clientAddCmd struct {
	Name string `arg:"" help:"What to call it."`
	Kind string `required:"" enum:"web,program,folder,email" placeholder:"KIND" help:"How to reach it: web, program, folder or email."`
	clientFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (clientAddCmd) Help() string {
	return `Adds a client. "ppm client kinds KIND" tells what can be set for each kind. It gets
nothing until it has a subscription (ppm subscription add), and only what arrives
from then on (earlier ones: ppm replay --missing).

` + aboutFlags + `

Examples:

    ppm client add billing --kind web --set url=https://billing.example/hook --set auth=bearer --secret token
    ppm client add robot --kind program --set path=C:\robot\bid.exe --with-data
    ppm client add drop --kind folder --set path=/srv/drop --unordered
    ppm client add crm --kind web --set url=https://crm.example/in --concurrency 4 --per-minute 300 --give-up 3d`
}

// Run runs ppm client add.
func (c *clientAddCmd) Run(p *program) error {
	kind := ppm.Kind(c.Kind)
	change, err := c.change(p, kind)
	if err != nil {
		return err
	}
	change.Name, change.Kind = &c.Name, &kind
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	added, err := from.SaveClient(p, 0, change, p.by())
	if errors.Is(err, db.ErrExists) {
		return fmt.Errorf("there is a client %q already; \"ppm client set\" changes it", c.Name)
	}
	if err != nil {
		return fmt.Errorf("client %q not added: %w", c.Name, err)
	}
	if c.JSON {
		return p.printJSON(added)
	}
	_, err = fmt.Fprintf(p.stdout, "client %s added\nIt wants nothing yet: ppm subscription add %s\nTo try it out: ppm client test %s\n",
		quoted(added.Name), quoted(added.Name), quoted(added.Name))
	return err
}

type clientSetCmd struct {
	Name string `arg:"" help:"The client."`
	As   string `placeholder:"NAME" help:"Call it that from now on."`
	clientFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (clientSetCmd) Help() string {
	return `Changes what is named of a client and leaves the rest as it is. It counts for every
attempt that begins from then on. A client stays of its kind.

` + aboutFlags + `

Examples:

    ppm client set billing --set url=https://billing.example/v2/hook
    ppm client set billing --secret token=@token.txt
    ppm client set billing --set timeout= --as billing-v2
    ppm client set crm --concurrency 1 --first 30s --longest 6h --give-up 7d`
}

// Run runs ppm client set.
func (c *clientSetCmd) Run(p *program) error {
	from, old, err := p.reachFor(c.Name)
	if err != nil {
		return err
	}
	defer from.Close()
	change, err := c.change(p, old.Kind)
	if err != nil {
		return err
	}
	if c.As != "" {
		change.Name = &c.As
	}
	if change.Empty() {
		return usageError("client set: say what to change")
	}
	changed, err := from.SaveClient(p, old.Number, change, p.by())
	if errors.Is(err, db.ErrExists) {
		return fmt.Errorf("there is another client %q already", c.As)
	}
	if err != nil {
		return fmt.Errorf("client %q not changed: %w", old.Name, gone("such client", err))
	}
	if c.JSON {
		return p.printJSON(changed)
	}
	_, err = fmt.Fprintf(p.stdout, "client %s changed\n", quoted(changed.Name))
	return err
}
