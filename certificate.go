package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"processmanager/config"
	"processmanager/ppm"
	"processmanager/ui"
)

type certificateCmd struct {
	Renew certificateRenewCmd `cmd:"" help:"Order it now, if it is missing or due."`
}

func (certificateCmd) Help() string {
	return `The certificate that senders are shown. With receiver.tls.mode = "autocert" ppm
orders it by itself, and the next one at half its life; after a failed attempt
it tries again in 1, 5 and 15 minutes, an hour, and then every six hours. "ppm
status" tells how it stands.

Examples:

    ppm status
    ppm certificate renew`
}

type certificateRenewCmd struct {
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (certificateRenewCmd) Help() string {
	return `Has the running ppm order a certificate now, without waiting for its next attempt,
and tells how that went. When the present one is in order and not due yet,
nothing is ordered: authorities grant only so many a week.

Examples:

    ppm certificate renew
    ppm certificate renew --json`
}

// Run runs ppm certificate renew.
func (c *certificateRenewCmd) Run(p *program) error {
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	now, err := from.RenewCertificate(p, p.by())
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(now)
	}
	_, err = fmt.Fprintf(p.stdout, "certificate from %s, good until %s; the next one is ordered on %s\n",
		oneLine(now.Issuer), shortDay(now.Until), shortDay(now.Issuance.Next))
	return err
}

func shortDay(t time.Time) string { return t.Local().Format("2 January 2006") }

// certificateRows tells about the receiver's certificate, in rows of ppm status.
func certificateRows(c ui.Certificate, now time.Time, row func(name, format string, args ...any)) {
	if i := c.Issuance; i != nil && i.Shown != "issued" {
		row("certificate", "NONE ISSUED for %s yet", printable(i.Domain))
	} else {
		row("certificate", "good until %s, for %s", shortDay(c.Until), printable(strings.Join(c.Names, ", ")))
	}
	if i := c.Issuance; i != nil {
		authority := i.Directory
		if u, err := url.Parse(authority); err == nil {
			authority = u.Host
		}
		switch {
		case i.Ordering || i.Next.IsZero():
			row("", "one is being ordered from %s", printable(authority))
		case i.Failures > 0:
			row("", "%s from %s failed; the next is %s; at once: ppm certificate renew",
				ppm.Counted(i.Failures, "attempt", "attempts"), printable(authority), shortTime(i.Next, now))
		default:
			row("", "the next one is ordered from %s on %s", printable(authority), shortDay(i.Next))
		}
	}
	if c.Alarm && c.Mode == config.ModeAutocert {
		row("", "ALARM: senders will be refused unless this is mended")
	}
	if c.Error != "" {
		row("", "ERROR: %s", printable(c.Error))
	}
	for _, w := range c.Warnings {
		row("", "warning: %s", printable(w))
	}
}
