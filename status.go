package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"processmanager/backup"
	"processmanager/db"
	"processmanager/db/sqlite"
	"processmanager/ppm"
	"processmanager/ui"
)

type statusCmd struct {
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (statusCmd) Help() string {
	return `Tells whether ppm is running and receiving, how many notifications it has kept,
and how many it could not use. It works with and without a running ppm.

Examples:

    ppm status
    ppm status --json`
}

// Run runs ppm status.
func (c *statusCmd) Run(p *program) error {
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	st, err := from.Status(p)
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(st)
	}
	_, err = fmt.Fprint(p.stdout, statusText(st, time.Now()))
	return err
}

// status returns how store, which lies in dir, is doing; r is what the service
// announced, nil where there is none.
func status(ctx context.Context, store db.Store, dir string, r *running) (ui.Status, error) {
	counts, err := store.Counts(ctx)
	if err != nil {
		return ui.Status{}, err
	}
	st := ui.Status{Counts: counts, Version: version(), Health: ui.Healthy, Data: dir}
	if err := store.Health(); err != nil {
		st.Health = err.Error()
	}
	clients, err := store.Clients(ctx)
	if err != nil {
		return ui.Status{}, err
	}
	for _, c := range clients {
		if c.Down() && c.Removed == nil && c.FailingSince != nil {
			st.Down = append(st.Down, ui.Down{Client: c.Number, Name: c.Name, Since: *c.FailingSince, Error: c.LastError, Waiting: c.Waiting})
		}
	}
	api, err := store.Fetching(ctx)
	if err != nil {
		return ui.Status{}, err
	}
	if api.Down() && api.FailingSince != nil {
		st.Down = append(st.Down, ui.Down{Client: ppm.ClearmatchAPI, Name: fetching, Since: *api.FailingSince, Error: api.LastError, Waiting: api.Waiting})
	}
	if st.Backup, err = backup.State(dir); err != nil {
		st.Backup.Failed = &ppm.BackupFailure{Error: err.Error()}
	}
	if last := st.Backup.Last; last != nil {
		st.LastBackup = &last.At
	}
	if free, err := sqlite.FreeSpace(dir); err == nil {
		bytes := int64(min(free, math.MaxInt64))
		st.Free = &bytes
	}
	if r != nil {
		st.Running, st.PID, st.Since = true, r.PID, &r.Since
		st.Receiver, st.Dashboard = r.Receiver, r.Dashboard
	}
	return st, nil
}

func statusText(st ui.Status, now time.Time) string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-15s%s\n", name, fmt.Sprintf(format, args...))
	}
	if st.Running {
		row("running", "yes, since %s (process %d, version %s)", shortTime(*st.Since, now), st.PID, st.Version)
		row("receiver", "%s", st.Receiver)
		row("dashboard", "%s", st.Dashboard)
	} else {
		row("running", "no: nothing is received until ppm is started")
	}
	if st.Health == ui.Healthy {
		row("store", "good")
	} else {
		row("store", "NOT ACCEPTING: %s", printable(st.Health))
	}
	row("data folder", "%s", st.Data)
	if st.Free != nil {
		row("free space", "%s", byteSize(*st.Free))
	}
	if c := st.Certificate; c != nil {
		row("certificate", "good until %s, for %s", c.Until.Local().Format("2 January 2006"), strings.Join(c.Names, ", "))
		if c.Error != "" {
			row("", "ERROR: %s", printable(c.Error))
		}
		for _, w := range c.Warnings {
			row("", "warning: %s", printable(w))
		}
	}
	for i, line := range backupText(st.Backup, now) {
		name := ""
		if i == 0 {
			name = "last backup"
		}
		row(name, "%s", line)
	}
	b.WriteString("\n")
	row("notifications", "%d (%d queued, %d complete, %d failed)", st.Accepted,
		st.Notifications.Queued, st.Notifications.Complete, st.Notifications.Failed)
	row("redeliveries", "%d", st.Redeliveries)
	row("deliveries", "%s", deliveriesText(st.Deliveries))
	for _, d := range st.Down {
		row("", "%s is DOWN since %s, %d waiting: %s", quoted(d.Name), shortTime(d.Since, now), d.Waiting, oneLine(d.Error))
	}
	if s := st.Secrets; s != nil {
		names := make([]string, len(s.Waiting))
		for i, name := range s.Waiting {
			names[i] = quoted(name)
		}
		row("secrets", "WAITING: %s", printable(s.Error))
		row("", "so nothing leaves for %s; everything else goes on", strings.Join(names, ", "))
	}
	if st.Rejected > 0 {
		row("rejected", "%d; to see them: ppm list --rejected", st.Rejected)
	} else {
		row("rejected", "0")
	}
	return b.String()
}

// backupText says how the backups are doing, in lines.
func backupText(b ppm.Backups, now time.Time) []string {
	lines := []string{"never: make one with ppm backup"}
	if last := b.Last; last != nil {
		lines = []string{fmt.Sprintf("proven %s: %s, %s", shortTime(last.Proven, now), ppm.Counted(last.Notifications, "notification", "notifications"), byteSize(last.Bytes))}
		if last.Encrypted {
			lines[0] += ", encrypted"
		}
		lines = append(lines, last.File)
	}
	if f := b.Failed; f != nil {
		lines = append(lines, fmt.Sprintf("FAILED since %s: %s", shortTime(f.Since, now), oneLine(f.Error)))
	}
	if b.Next != nil {
		lines = append(lines, "the next one: "+shortTime(*b.Next, now))
	}
	return lines
}

func byteSize(n int64) string {
	const k = 1000
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB"}
	size, unit := float64(n), 0
	for size >= k && unit < len(units)-1 {
		size, unit = size/k, unit+1
	}
	if unit == 0 || size >= 100 {
		return fmt.Sprintf("%.0f %s", size, units[unit])
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}

// deliveriesText is how the deliveries are doing, in words.
func deliveriesText(d ppm.DeliveryCounts) string {
	text := fmt.Sprintf("%d (%d waiting, %d delivered, %d gave up, %d held)", d.Waiting+d.Delivered+d.GaveUp+d.Held, d.Waiting, d.Delivered, d.GaveUp, d.Held)
	if d.GaveUp > 0 {
		text += "; to see them: ppm list --dead"
	}
	return text
}
