package main

import (
	"fmt"

	"processmanager/ppm"
)

type replayCmd struct {
	resendFlags
	Missing   bool `help:"Only what the client's rules as they are now want and it has not got."`
	Confirmed bool `help:"Also what the client has confirmed."`
	Yes       bool `help:"Don't ask."`
}

func (replayCmd) Help() string {
	return `Delivers notifications anew: as when a client has lost what it was given, or a new
client is to have what came before it. What is on its way already is left as it
is, and so is what the client has confirmed, unless --confirmed is given: it then
gets it once more, under the same key. Each delivery has the key that it always
had, so that a client that looks at it knows what it has had.

Unless the receipts are named it asks first, after telling how many would leave and
to whom. An interrupt stops it; what was sent on its way by then stays so.

Examples:

    ppm replay 1042-7KQ2M9XD --client billing --confirmed
    ppm replay --client newcrm --missing --since 90d
    ppm replay --client billing --since 2026-11-01 --confirmed --dry-run
    ppm replay --search "A056035 posted" --yes`
}

// Run runs ppm replay.
func (c *replayCmd) Run(p *program) error {
	if c.Missing && c.Confirmed {
		return usageError("--missing and --confirmed: what is missing has not been confirmed; give one of them")
	}
	from, s, err := c.reach(p, "replay")
	if err != nil {
		return err
	}
	defer from.Close()
	s.Missing, s.Confirmed = c.Missing, c.Confirmed
	if !c.DryRun && !c.Yes && len(s.Receipts) == 0 {
		would, err := p.resend(from, s, true, false, false)
		if err != nil {
			return err
		}
		if would.leaving == 0 {
			_, err := fmt.Fprint(p.stdout, would.report(true))
			return err
		}
		if err := p.confirm(fmt.Sprintf("This sends %s: %s.", ppm.Counted(would.leaving, "delivery", "deliveries"), would.whom())); err != nil {
			return err
		}
	}
	return c.run(p, from, s)
}
