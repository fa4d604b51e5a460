package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"processmanager/ppm"
	"processmanager/ui"
)

type clientShowCmd struct {
	Name string `arg:"" help:"The client."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

func (clientShowCmd) Help() string {
	return `Shows a client: its settings, which of its secrets are set (they are never shown),
what it wants, and how it is doing.

Examples:

    ppm client show billing
    ppm client show billing --json`
}

// Run runs ppm client show.
func (c *clientShowCmd) Run(p *program) error {
	from, found, err := p.reachFor(c.Name)
	if err != nil {
		return err
	}
	defer from.Close()
	if c.JSON {
		return p.printJSON(found)
	}
	_, err = fmt.Fprint(p.stdout, clientText(found, time.Now()))
	return err
}

func clientText(c ui.Client, now time.Time) string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-15s%s\n", name, fmt.Sprintf(format, args...))
	}
	row("client", "%s", oneLine(c.Name))
	row("kind", "%s", c.Kind)
	row("state", "%s", clientState(c, now))
	if c.Failing > 0 {
		row("", "%s failed in a row, the last one: %s", ppm.Counted(c.Failing, "attempt", "attempts"), oneLine(c.LastError))
	}
	if c.LastDelivered != nil {
		row("last delivered", "%s", shortTime(*c.LastDelivered, now))
	}
	row("deliveries", "%d waiting, %d delivered, %d gave up", c.Waiting, c.Delivered, c.GaveUp)
	b.WriteString("\n")
	settings := map[string]json.RawMessage{}
	json.Unmarshal(c.Settings, &settings)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		row(name, "%s", settingText(settings[name], 200))
	}
	for _, name := range c.SecretsSet {
		row(name, "(set)")
	}
	b.WriteString("\n")
	if c.Data {
		row("data", "the application's data goes along; a delivery waits for it")
	} else {
		row("data", "the application's data does not go along")
	}
	if c.Ordered {
		row("order", "of one application, one after another as they arrived")
	} else {
		row("order", "any")
	}
	pace := fmt.Sprintf("%d at one time", c.Concurrency)
	if c.PerMinute > 0 {
		pace += fmt.Sprintf(", %d a minute at the most", c.PerMinute)
	}
	row("attempts", "%s", pace)
	row("back-off", "%s, doubling to %s; gives up after %s", spanText(c.Backoff.First), spanText(c.Backoff.Longest), spanText(c.Backoff.GiveUp))
	row("added", "%s", shortTime(c.Created, now))
	b.WriteString("\n")
	if len(c.Wants) == 0 {
		row("wants", "nothing yet: ppm subscription add %s", quoted(c.Name))
	}
	for i, s := range c.Wants {
		name := ""
		if i == 0 {
			name = "wants"
		}
		row(name, "%s (subscription %d)", ruleText(s.Rule), s.Number)
	}
	return b.String()
}
