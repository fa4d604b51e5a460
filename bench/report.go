package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is everything a run found out, as -json writes it.
type report struct {
	Date     time.Time `json:"date"`
	Commit   string    `json:"commit"`
	Machine  machine   `json:"machine"`
	Settings settings  `json:"settings"`
	Figures  []line    `json:"figures"`
	Targets  []target  `json:"targets"`
}

type machine struct {
	System string `json:"system"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Go     string `json:"go"`
	Dir    string `json:"dir"` // the disk is the one this is on
}

// A line is one thing at one number of connections: medians over the rounds.
type line struct {
	Connections int    `json:"connections"`
	What        string `json:"what"`
	figure
	OfNoop  float64  `json:"of_noop,omitempty"`  // throughput against the no-op's
	OfEmpty float64  `json:"of_empty,omitempty"` // throughput against the empty store's
	Rounds  []figure `json:"rounds"`             // in the order they were measured
}

// A target is what a figure should be, and what it is.
type target struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Limit   float64 `json:"limit"`
	AtMost  bool    `json:"at_most"` // else at least
	Reached bool    `json:"reached"`
}

func (t target) judged() target {
	t.Reached = t.Value >= t.Limit
	if t.AtMost {
		t.Reached = t.Value <= t.Limit
	}
	return t
}

func (w *work) report(rounds map[int][]round) error {
	r := w.newReport()
	for _, connections := range w.Connections {
		of := rounds[connections]
		kinds := []string{noop, empty}
		for _, program := range w.Also {
			kinds = append(kinds, also(program))
		}
		for _, what := range append(kinds, million, over, grow) {
			if _, measured := of[0][what]; !measured {
				continue
			}
			l := line{Connections: connections, What: what, figure: figure{
				PerSecond: median(of, func(r round) float64 { return r[what].PerSecond }),
				P50:       median(of, func(r round) float64 { return r[what].P50 }),
				P99:       median(of, func(r round) float64 { return r[what].P99 }),
				ServerCPU: median(of, func(r round) float64 { return r[what].ServerCPU }),
				ClientCPU: median(of, func(r round) float64 { return r[what].ClientCPU }),
				ServerRSS: median(of, func(r round) float64 { return r[what].ServerRSS }),
			}}
			stores := what != noop && what != over && what != grow
			if stores {
				l.OfNoop = median(of, func(r round) float64 { return r[what].PerSecond / r[noop].PerSecond })
			}
			if stores && what != empty {
				l.OfEmpty = median(of, func(r round) float64 { return r[what].PerSecond / r[empty].PerSecond })
			}
			for _, round := range of {
				l.Rounds = append(l.Rounds, round[what])
			}
			r.Figures = append(r.Figures, l)
		}
		r.Targets = append(r.Targets, targets(connections, of)...)
	}
	r.print()
	return w.writeJSON(r)
}

// targets are those of the issue that asked for this tool; every ratio is taken
// within a round, and the median is over the rounds.
func targets(connections int, of []round) (ts []target) {
	switch connections {
	case 64:
		ts = append(ts, target{Name: "64 connections: throughput of the no-op's", Limit: 0.7,
			Value: median(of, func(r round) float64 { return r[empty].PerSecond / r[noop].PerSecond })}.judged())
	case 1:
		ts = append(ts, target{Name: "alone: p50 of (overwrite + fsync) + no-op", Limit: 1.5, AtMost: true,
			Value: median(of, func(r round) float64 { return r[empty].P50 / (r[over].P50 + r[noop].P50) })}.judged())
	}
	if _, measured := of[0][million]; measured {
		ts = append(ts,
			target{Name: fmt.Sprintf("%d connections: large store's throughput of the empty one's", connections), Limit: 0.9,
				Value: median(of, func(r round) float64 { return r[million].PerSecond / r[empty].PerSecond })}.judged(),
			target{Name: fmt.Sprintf("%d connections: empty store's p50 of the large one's", connections), Limit: 0.9,
				Value: median(of, func(r round) float64 { return r[empty].P50 / r[million].P50 })}.judged())
	}
	return ts
}

func median[T any](of []T, value func(T) float64) float64 {
	var vs []float64
	for _, r := range of {
		vs = append(vs, value(r))
	}
	slices.Sort(vs)
	n := len(vs)
	return (vs[(n-1)/2] + vs[n/2]) / 2
}

func (w *work) newReport() *report {
	commit, _ := exec.Command("git", "describe", "--always", "--dirty").Output()
	r := &report{Date: time.Now().UTC().Truncate(time.Second), Commit: strings.TrimSpace(string(commit)), Settings: w.settings,
		Machine: machine{System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), Dir: w.Dir}}
	info, _ := os.ReadFile("/proc/cpuinfo")
	for l := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(l, ":"); strings.TrimSpace(name) == "model name" {
			r.Machine.CPU = strings.TrimSpace(value)
			break
		}
	}
	return r
}

func (r *report) print() {
	fmt.Printf("%s  commit %s  %s, %d cores %s, %s  client %s, ours %s\n\n", r.Date.Format(time.RFC3339), r.Commit,
		r.Machine.System, r.Machine.Cores, r.Machine.CPU, r.Machine.Go, r.Settings.Client, r.Settings.Ours)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "connections\twhat\tper second\tp50 µs\tp99 µs\tserver CPU µs\tclient CPU µs\tserver MiB\tof no-op\tof empty\t")
	for _, l := range r.Figures {
		fmt.Fprintf(t, "%d\t%s\t%.0f\t%.0f\t%.0f\t%s\t%s\t%s\t%s\t%s\t\n", l.Connections, l.What, l.PerSecond, l.P50, l.P99,
			orBlank("%.0f", l.ServerCPU), orBlank("%.0f", l.ClientCPU), orBlank("%.0f", l.ServerRSS), orBlank("%.2f", l.OfNoop), orBlank("%.2f", l.OfEmpty))
	}
	t.Flush()
	r.printTargets()
}

func (r *report) printTargets() {
	fmt.Println()
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, g := range r.Targets {
		sign, word := "≥", "missed"
		if g.AtMost {
			sign = "≤"
		}
		if g.Reached {
			word = "reached"
		}
		fmt.Fprintf(t, "%s\t%.2f\t%s %g\t%s\n", g.Name, g.Value, sign, g.Limit, word)
	}
	t.Flush()
}

func orBlank(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

func (w *work) writeJSON(v any) error {
	if w.JSON == "" {
		return nil
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if w.JSON == "-" {
		_, err = os.Stdout.Write(b)
		return err
	}
	return os.WriteFile(w.JSON, b, 0o644)
}
