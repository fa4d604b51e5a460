package main

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
	from, s, err := c.reach(p, "retry")
	if err != nil {
		return err
	}
	defer from.Close()
	s.Dead = true
	return c.run(p, from, s)
}
