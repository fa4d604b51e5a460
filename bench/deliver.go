package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

	"processmanager/db"
)

// A deliverReport is what "bench deliver" finds out, as -json writes it.
type deliverReport struct {
	report
	Rounds []deliverRound `json:"delivering"`
	Idle   *stillness     `json:"idle,omitempty"`
}

// A deliverRound is one turn of each thing. Times are microseconds.
type deliverRound struct {
	Alone    figure      `json:"receiver_alone"`          // acknowledging, no clients
	Draining figure      `json:"receiver_while_draining"` // acknowledging, while a backlog is delivered
	EndToEnd figure      `json:"end_to_end"`              // acknowledging, one client that gets it all
	Settled  float64     `json:"end_to_end_per_second"`   // delivered, until nothing was left
	Drained  float64     `json:"drained_per_second"`      // of the backlog, with nothing else to do
	River    riverFigure `json:"river"`
	Lone     figure      `json:"insert_to_attempt"` // from the acknowledgement to the client, one at a time
}

// A riverFigure is what bench/river prints.
type riverFigure struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
}

// loneOnes is how many notifications are sent one at a time.
const loneOnes = 200

// measureDeliver lets everything that happens after the acknowledgement take
// turns, and River beside it. Its error is never about speed.
func measureDeliver(ctx context.Context, w *work) error {
	river := filepath.Join(w.dir, "river.exe")
	if out, err := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join("bench", "river"), "-o", river, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("build bench/river (run this from the top of the repository): %w\n%s", err, out)
	}
	s, err := newSink()
	if err != nil {
		return err
	}
	defer s.close()
	r := &deliverReport{report: *w.newReport()}
	for i := range w.Repeats {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", i+1, w.Repeats)
		d := &delivering{work: w, sink: s, dir: filepath.Join(w.dir, strconv.Itoa(i))}
		round, err := d.round(ctx, river)
		if err != nil {
			return fmt.Errorf("%w; %s", err, w.said())
		}
		r.Rounds = append(r.Rounds, round)
		if err := os.RemoveAll(d.dir); err != nil {
			return err
		}
	}
	if w.Rows > 0 {
		if r.Idle, err = w.idleWithClients(ctx, s.url); err != nil {
			return err
		}
	}
	r.judge()
	r.print()
	return w.writeJSON(r)
}

// delivering is one round of it.
type delivering struct {
	*work
	sink *sink
	dir  string
}

func (d *delivering) round(ctx context.Context, river string) (r deliverRound, err error) {
	if r.Alone, _, err = d.turn(ctx, empty, d.PPM, filepath.Join(d.dir, "alone"), 64); err != nil {
		return r, err
	}
	if err := d.endToEnd(ctx, &r); err != nil {
		return r, fmt.Errorf("end to end: %w", err)
	}
	if err := d.drain(ctx, &r); err != nil {
		return r, fmt.Errorf("drain: %w", err)
	}
	if err := d.drainUnderLoad(ctx, &r); err != nil {
		return r, fmt.Errorf("drain under load: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(d.dir, "river"), 0o700); err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, river, "-sink", d.sink.url, "-dir", filepath.Join(d.dir, "river"), "-jobs", strconv.FormatInt(d.RiverJobs, 10))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("river: %w", err)
	}
	return r, json.Unmarshal(out, &r.River)
}

// endToEnd has everything delivered to one client: one notification at a time,
// then over 64 connections.
func (d *delivering) endToEnd(ctx context.Context, r *deliverRound) error {
	dir := filepath.Join(d.dir, "end")
	if err := partner(ctx, dir, 1, d.sink.url); err != nil {
		return err
	}
	c, err := d.startChild(ctx, d.PPM, "serve", "--data", dir)
	if err != nil {
		return err
	}
	defer c.stop()
	p, err := newPoster(d.Client, c.url)
	if err != nil {
		return err
	}
	defer p.close()
	var waits []time.Duration
	began := time.Now()
	for range loneOnes {
		select {
		case <-d.sink.came:
		default:
		}
		if _, err := d.post(p); err != nil {
			return err
		}
		acknowledged := time.Now()
		select {
		case at := <-d.sink.came:
			waits = append(waits, max(0, at.Sub(acknowledged)))
		case <-time.After(10 * time.Second):
			return errors.New("a notification was not delivered within 10 s")
		}
	}
	r.Lone = figureOf(waits, time.Since(began))

	before, began := d.sink.taken.Load(), time.Now()
	var answers int64
	if r.EndToEnd, answers, err = d.load(ctx, c, 64); err != nil {
		return err
	}
	if err := d.until(ctx, before+answers); err != nil {
		return err
	}
	r.Settled = float64(answers) / time.Since(began).Seconds()
	return c.stop()
}

// drain delivers a backlog with nothing else to do.
func (d *delivering) drain(ctx context.Context, r *deliverRound) error {
	dir := filepath.Join(d.dir, "drain")
	if err := d.backlog(ctx, dir, d.sink.url, d.Backlog); err != nil {
		return err
	}
	before, began := d.sink.taken.Load(), time.Now()
	c, err := d.startChild(ctx, d.PPM, "serve", "--data", dir)
	if err != nil {
		return err
	}
	defer c.stop()
	if err := d.until(ctx, before+d.Backlog); err != nil {
		return err
	}
	r.Drained = float64(d.Backlog) / time.Since(began).Seconds()
	if err := c.stop(); err != nil {
		return err
	}
	return withStore(dir, func(store db.Store) error {
		counts, err := store.Counts(ctx)
		if err == nil && (counts.Deliveries.Delivered != d.Backlog || counts.Deliveries.Waiting != 0) {
			err = fmt.Errorf("%d deliveries were to be made, and the store says %+v", d.Backlog, counts.Deliveries)
		}
		return err
	})
}

// drainUnderLoad loads the receiver while a backlog is delivered.
func (d *delivering) drainUnderLoad(ctx context.Context, r *deliverRound) error {
	dir := filepath.Join(d.dir, "both")
	if err := d.backlog(ctx, dir, d.sink.url, d.Backlog); err != nil {
		return err
	}
	c, err := d.startChild(ctx, d.PPM, "serve", "--data", dir)
	if err != nil {
		return err
	}
	defer c.stop()
	before := d.sink.taken.Load()
	if r.Draining, _, err = d.load(ctx, c, 64); err != nil {
		return err
	}
	if d.sink.taken.Load()-before >= d.Backlog {
		return errors.New("the backlog was delivered before the load ended; give -backlog a larger number")
	}
	return c.stop()
}

// until returns when the sink has taken so many.
func (d *delivering) until(ctx context.Context, n int64) error {
	last, at := d.sink.taken.Load(), time.Now()
	for d.sink.taken.Load() < n {
		if now := d.sink.taken.Load(); now != last {
			last, at = now, time.Now()
		}
		if time.Since(at) > 30*time.Second {
			return fmt.Errorf("nothing was delivered for 30 s, with %d left", n-last)
		}
		wait(ctx, 5*time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// idleWithClients watches a ppm with a large store and ten clients that has nothing to do.
func (w *work) idleWithClients(ctx context.Context, sink string) (*stillness, error) {
	dir := filepath.Join(w.dir, "idle")
	rows, err := w.largeStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := partner(ctx, dir, clients, sink); err != nil {
		return nil, err
	}
	c, err := w.startChild(ctx, w.PPM, "serve", "--data", dir)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	s := &stillness{What: million, Rows: rows}
	w.watch(ctx, c.cmd.Process.Pid, s)
	return s, c.stop()
}

func (r *deliverReport) judge() {
	of := r.Rounds
	r.Targets = append(r.Targets,
		target{Name: "draining a backlog, of River's", Limit: 3, Value: median(of, func(d deliverRound) float64 { return d.Drained / d.River.PerSecond })}.judged(),
		target{Name: "receiver's p99 while draining, of its p99 alone", Limit: 2, AtMost: true, Value: median(of, func(d deliverRound) float64 { return d.Draining.P99 / d.Alone.P99 })}.judged(),
		target{Name: "acknowledgement to attempt, p50 ms", Limit: 5, AtMost: true, Value: median(of, func(d deliverRound) float64 { return d.Lone.P50 / 1000 })}.judged())
	if r.Idle != nil {
		r.Targets = append(r.Targets, target{Name: "large store, ten clients: idle CPU, % of a core", Limit: 0.1, AtMost: true, Value: r.Idle.IdleCPU}.judged())
	}
}

func (r *deliverReport) print() {
	of := r.Rounds
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "what\tper second\tp50 µs\tp99 µs\tof alone\t")
	alone := func(d deliverRound) float64 { return d.Alone.PerSecond }
	for _, l := range []struct {
		what           string
		rate, p50, p99 func(deliverRound) float64
	}{
		{"acknowledged, alone", alone, func(d deliverRound) float64 { return d.Alone.P50 }, func(d deliverRound) float64 { return d.Alone.P99 }},
		{"acknowledged, one client", func(d deliverRound) float64 { return d.EndToEnd.PerSecond }, func(d deliverRound) float64 { return d.EndToEnd.P50 }, func(d deliverRound) float64 { return d.EndToEnd.P99 }},
		{"acknowledged, while draining", func(d deliverRound) float64 { return d.Draining.PerSecond }, func(d deliverRound) float64 { return d.Draining.P50 }, func(d deliverRound) float64 { return d.Draining.P99 }},
		{"end to end, until all is delivered", func(d deliverRound) float64 { return d.Settled }, nil, nil},
		{"drained", func(d deliverRound) float64 { return d.Drained }, nil, nil},
		{"drained by River", func(d deliverRound) float64 { return d.River.PerSecond }, nil, nil},
		{"acknowledgement to attempt", nil, func(d deliverRound) float64 { return d.Lone.P50 }, func(d deliverRound) float64 { return d.Lone.P99 }},
		{"insert to attempt, River", nil, func(d deliverRound) float64 { return d.River.P50 }, func(d deliverRound) float64 { return d.River.P99 }},
	} {
		cell := func(f func(deliverRound) float64) string {
			if f == nil {
				return ""
			}
			return fmt.Sprintf("%.0f", median(of, f))
		}
		share := ""
		if l.rate != nil {
			share = fmt.Sprintf("%.2f", median(of, func(d deliverRound) float64 { return l.rate(d) / alone(d) }))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", l.what, cell(l.rate), cell(l.p50), cell(l.p99), share)
	}
	t.Flush()
	if s := r.Idle; s != nil {
		fmt.Printf("\nidle with %d rows and %d clients: %.3f %% of a core, %.1f switches/s, %.1f MiB\n", s.Rows, clients, s.IdleCPU, s.Switches, s.RSS)
	}
	r.printTargets()
}
