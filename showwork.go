package main

import (
	"fmt"
	"strings"
	"time"

	"processmanager/ppm"
)

// workText tells what has happened to a notification since it was acknowledged.
func workText(d ppm.Detail) string {
	var b strings.Builder
	if d.Fetching != nil {
		b.WriteString("\n" + deliveryText(fetching, *d.Fetching))
	}
	for _, f := range d.Fetches {
		fmt.Fprintf(&b, "\napplication, as fetched %s\n", f.At.Local().Format(time.RFC1123Z))
		if f.Data == "" {
			b.WriteString("             not kept any more\n")
			continue
		}
		b.WriteString(indented(f.Data))
	}
	for _, x := range d.Deliveries {
		b.WriteString("\n" + deliveryText(x.Name, x))
	}
	return b.String()
}

// deliveryText tells of one delivery, with every attempt.
func deliveryText(name string, x ppm.DeliveryDetail) string {
	var b strings.Builder
	row := func(name, value string) {
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-13s%s", name, oneLine(value)), " ") + "\n")
	}
	row("client", name)
	state := stateText(x.State)
	switch {
	case x.State == ppm.Waiting && x.Held:
		state = "held"
	case x.State == ppm.Waiting && x.NextAttempt.IsZero():
		state = "waiting for an earlier notification of this application"
	case x.State == ppm.Waiting:
		state = "waiting, next try " + x.NextAttempt.Local().Format(time.RFC1123Z)
	case x.State == ppm.GaveUp:
		state = fmt.Sprintf("gave up after %d tries", x.Attempts)
	}
	row("", state)
	if x.Reason != "" {
		row("", x.Reason)
	}
	if x.Error != "" {
		row("", x.Error)
	}
	for _, a := range x.Made {
		said := "good"
		if a.Error != "" {
			said = a.Error
		}
		if a.Status != 0 {
			said += fmt.Sprintf(" (status %d)", a.Status)
		}
		row("", fmt.Sprintf("%s  %s  %s", a.Began.Local().Format("2006-01-02 15:04:05"), millis(a.Took), said))
	}
	return b.String()
}
