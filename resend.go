package main

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"processmanager/ppm"
)

// resendFlags choose what is sent on its way again.
type resendFlags struct {
	Receipts []string `arg:"" optional:"" name:"receipt" help:"Of these notifications."`
	Client   string   `placeholder:"NAME" help:"Only to this client."`
	Search   string   `placeholder:"WORDS" help:"Only of notifications with these words, as ppm search finds them."`
	Since    string   `placeholder:"TIME" help:"Only of notifications received since, such as 2026-01-31, 12h or 30d."`
	All      bool     `help:"Of all notifications, to all clients, unless one of the others says which."`
	DryRun   bool     `help:"Only tell what would leave, and to whom."`
	JSON     bool     `name:"json" help:"Print JSON, one object a line."`
}

// selection returns what the flags choose. Nothing at all chooses nothing: to
// send everything again is never meant by leaving a word out.
func (f *resendFlags) selection(p *program, from kept, now time.Time) (ppm.Selection, error) {
	s := ppm.Selection{Search: strings.TrimSpace(f.Search)}
	var err error
	if s.Since, err = parseSince(f.Since, now); err != nil {
		return s, err
	}
	for _, r := range f.Receipts {
		receipt := ppm.Receipt(strings.ToUpper(r))
		if _, err := receipt.Number(); err != nil {
			return s, usageError(err.Error())
		}
		s.Receipts = append(s.Receipts, receipt)
	}
	if f.Client != "" {
		c, err := p.clientNamed(from, f.Client)
		if err != nil {
			return s, err
		}
		s.Client = c.Number
	}
	return s, nil
}

func (f *resendFlags) chosen() bool {
	return len(f.Receipts) > 0 || f.Client != "" || strings.TrimSpace(f.Search) != "" || f.Since != "" || f.All
}

// reach reaches the store and returns what the flags choose; verb is what is to
// be done with that.
func (f *resendFlags) reach(p *program, verb string) (kept, ppm.Selection, error) {
	if !f.chosen() {
		return nil, ppm.Selection{}, usageError(verb + " what? Give receipts, --client, --search, --since, or --all")
	}
	from, err := p.reach()
	if err != nil {
		return nil, ppm.Selection{}, err
	}
	s, err := f.selection(p, from, time.Now())
	if err != nil {
		from.Close()
		return nil, s, err
	}
	return from, s, nil
}

// run sends s on its way again, as the flags say, and tells how that went.
func (f *resendFlags) run(p *program, from kept, s ppm.Selection) error {
	n, err := p.resend(from, s, f.DryRun, f.JSON, f.DryRun)
	if err != nil && n.leaving > 0 && !f.DryRun {
		err = n.stopped(err)
	}
	if err != nil || f.JSON {
		return err
	}
	_, err = fmt.Fprint(p.stdout, n.report(f.DryRun))
	return err
}

// A resent counts what became of deliveries that were to be sent again.
type resent struct {
	leaving int64
	to      map[string]int64 // by the client's name
	again   map[string]int64 // of those, what the client has confirmed before
	refused map[string]int64 // by the reason
}

func (n *resent) count(r ppm.Resending) {
	if r.Refused != "" {
		n.refused[r.Refused]++
		return
	}
	n.leaving++
	n.to[r.Name]++
	if r.From == ppm.Delivered {
		n.again[r.Name]++
	}
}

// resend sends s on its way again, or tells what would be, and shows each
// delivery as it is done if asked to.
func (p *program) resend(from kept, s ppm.Selection, dry, asJSON, each bool) (*resent, error) {
	n := &resent{to: map[string]int64{}, again: map[string]int64{}, refused: map[string]int64{}}
	out := bufio.NewWriter(p.stdout)
	enc := newEncoder(out)
	t := table{
		out: out, width: terminalWidth(p.stdout), elastic: 3,
		heading: []string{"APPLICATION", "CLIENT", "WAS", "NOW", "RECEIPT"},
	}
	progress := p.progress("sent on their way:", "")
	if dry {
		progress.end()
		progress = p.progress("looked at", "")
	}
	done := 0
	err := from.Resend(p, s, dry, p.by(), func(r ppm.Resending) error {
		done++
		progress.at(done, 0)
		n.count(r)
		switch {
		case asJSON:
			return enc.Encode(r)
		case each:
			return t.print([][]string{{oneLine(r.Application), oneLine(clientName(r)), stateText(r.From), outcome(r, dry), string(r.Receipt)}})
		}
		return nil
	})
	progress.end()
	return n, errors.Join(err, out.Flush())
}

// clientName is what people call the client that r goes to.
func clientName(r ppm.Resending) string {
	if r.Client == ppm.ClearmatchAPI {
		return fetching
	}
	return r.Name
}

// stateText is a state in words.
func stateText(s ppm.State) string {
	if s == "" {
		return "not sent"
	}
	return strings.ReplaceAll(string(s), "_", " ")
}

func outcome(r ppm.Resending, dry bool) string {
	switch {
	case r.Refused != "":
		return "left: " + oneLine(r.Refused)
	case dry:
		return "would leave"
	}
	return "on its way"
}

// whom says how many go to whom, the most first.
func (n *resent) whom() string {
	names := slices.SortedFunc(maps.Keys(n.to), func(a, b string) int {
		if n.to[a] != n.to[b] {
			return int(n.to[b] - n.to[a])
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, name := range names {
		part := fmt.Sprintf("%d to %s", n.to[name], quoted(name))
		if again := n.again[name]; again > 0 {
			part += fmt.Sprintf(" (%d of them it has confirmed)", again)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// report says what has been done, or would be.
func (n *resent) report(dry bool) string {
	var b strings.Builder
	switch {
	case n.leaving == 0:
		b.WriteString("nothing was found to send")
	case dry:
		fmt.Fprintf(&b, "%s would leave: %s", ppm.Counted(n.leaving, "delivery", "deliveries"), n.whom())
	default:
		fmt.Fprintf(&b, "%s sent on the way: %s", ppm.Counted(n.leaving, "delivery", "deliveries"), n.whom())
	}
	b.WriteString("\n")
	for _, reason := range slices.Sorted(maps.Keys(n.refused)) {
		fmt.Fprintf(&b, "left as they are: %d, %s\n", n.refused[reason], oneLine(reason))
	}
	return b.String()
}

// stopped says how far it got when it was broken off.
func (n *resent) stopped(err error) error {
	return fmt.Errorf("stopped after %s (%s); what is on its way stays so, and doing it again goes on with the rest: %w",
		ppm.Counted(n.leaving, "delivery", "deliveries"), n.whom(), err)
}
