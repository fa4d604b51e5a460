package main

import (
	"fmt"
	"time"
)

type retryCmd struct {
	resendFlags
}

func (retryCmd) Help() string {
	return `Tries again what was given up on, the dead letters: as often as at first, and at
once. If the application's data could not be fetched, that is tried again. An
interrupt stops it; what was sent on its way by then stays so.

Examples:

    ppm retry 1042-7KQ2M9XD
    ppm retry --client billing --dry-run
    ppm retry --client billing --since 2026-11-01
    ppm retry --all`
}

// Run runs ppm retry.
func (c *retryCmd) Run(p *program) error {
	if !c.chosen() {
		return usageError("retry what? Give receipts, --client, --search, --since, or --all")
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	s, err := c.selection(p, from, time.Now())
	if err != nil {
		return err
	}
	s.Dead = true
	n, err := p.resend(from, s, c.DryRun, c.JSON, c.DryRun)
	if err != nil && n.leaving > 0 && !c.DryRun {
		err = n.stopped(err)
	}
	if err != nil || c.JSON {
		return err
	}
	_, err = fmt.Fprint(p.stdout, n.report(c.DryRun))
	return err
}
