package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// A startReport is what "bench start" finds out, as -json writes it.
type startReport struct {
	report
	Stores []stillness `json:"stores"`
}

// A stillness is how ppm serve starts on one store, and what it uses when
// nothing comes in.
type stillness struct {
	What     string  `json:"what"`
	Rows     int64   `json:"rows"`
	First    float64 `json:"first_start_ms,omitempty"` // with a data folder and a certificate to make
	Ready    float64 `json:"ready_ms"`                 // median
	Slowest  float64 `json:"slowest_ms"`
	IdleCPU  float64 `json:"idle_cpu_percent"` // of one core
	Switches float64 `json:"switches_per_second"`
	RSS      float64 `json:"rss_mib"`
	PeakRSS  float64 `json:"peak_rss_mib"`
}

// settling is how long a ppm that has just started, or just been busy, may
// tidy up before it counts as idle.
const settling = 10 * time.Second

func measureStart(ctx context.Context, w *work) error {
	r := &startReport{report: *w.newReport()}
	large := filepath.Join(w.dir, "large")
	var rows int64
	if w.Rows > 0 {
		var err error
		if rows, err = w.largeStore(ctx, large); err != nil {
			return err
		}
	}
	for _, s := range []struct {
		what, folder string
		rows         int64
	}{{empty, filepath.Join(w.dir, "empty"), 0}, {million, large, rows}} {
		if s.what == million && rows == 0 {
			continue
		}
		still, err := w.still(ctx, s.what, s.folder)
		if err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		still.Rows = s.rows
		r.Stores = append(r.Stores, still)
		r.Targets = append(r.Targets,
			target{Name: s.what + ": start to ready, ms", Value: still.Ready, Limit: 300, AtMost: true}.judged(),
			target{Name: s.what + ": idle CPU, % of a core", Value: still.IdleCPU, Limit: 0.1, AtMost: true}.judged(),
			target{Name: s.what + ": resident, MiB", Value: still.RSS, Limit: 35, AtMost: true}.judged())
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "what\trows\tfirst start ms\tready ms\tslowest ms\tidle CPU %\tswitches/s\tRSS MiB\tpeak MiB\t")
	for _, s := range r.Stores {
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.0f\t%.0f\t%.3f\t%.1f\t%.1f\t%.1f\t\n",
			s.What, s.Rows, s.First, s.Ready, s.Slowest, s.IdleCPU, s.Switches, s.RSS, s.PeakRSS)
	}
	t.Flush()
	r.printTargets()
	return w.writeJSON(r)
}

// still starts ppm on the folder again and again, and leaves the last one
// alone for a while.
func (w *work) still(ctx context.Context, what, folder string) (s stillness, err error) {
	s.What = what
	var ready []float64
	for i := range w.Starts + 1 {
		fmt.Fprintf(os.Stderr, "%s: start %d of %d\n", what, i, w.Starts)
		c, err := w.startChild(ctx, w.PPM, "serve", "--data", folder)
		if err != nil {
			return s, err
		}
		took := float64(c.ready) / float64(time.Millisecond)
		if i == 0 {
			s.First = took
		} else {
			ready = append(ready, took)
		}
		if i == w.Starts {
			w.watch(ctx, c.cmd.Process.Pid, &s)
		}
		if err := c.stop(); err != nil {
			return s, err
		}
	}
	s.Ready = median(ready, func(v float64) float64 { return v })
	s.Slowest = slices.Max(ready)
	return s, ctx.Err()
}

func (w *work) watch(ctx context.Context, pid int, s *stillness) {
	wait(ctx, settling)
	cpu, turns, began := cpuTime(pid), switches(pid), time.Now()
	wait(ctx, w.Idle)
	length := time.Since(began).Seconds()
	s.IdleCPU = 100 * (cpuTime(pid) - cpu).Seconds() / length
	s.Switches = (switches(pid) - turns) / length
	s.RSS, s.PeakRSS = memory(pid)
}
