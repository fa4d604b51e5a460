package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A figure is what one thing did for the length of a slice, or the median of
// several such. Times are microseconds.
type figure struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	ServerCPU float64 `json:"server_cpu_us,omitempty"` // per answer; 0 where the system does not tell
	ClientCPU float64 `json:"client_cpu_us,omitempty"`
}

// figureOf is what times, all spent within length, amount to. It sorts them.
func figureOf(times []time.Duration, length time.Duration) figure {
	if len(times) == 0 {
		return figure{}
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[int(share*float64(len(times)-1))]) / float64(time.Microsecond)
	}
	return figure{PerSecond: float64(len(times)) / length.Seconds(), P50: at(0.50), P99: at(0.99)}
}

// load posts to c over so many connections, each waiting for its answer before
// it posts again, and measures for one slice after warming up. answers counts
// every 200, those before and after the slice too.
func (w *work) load(ctx context.Context, c *child, connections int) (f figure, answers int64, err error) {
	var (
		sum      atomic.Int64
		stop     atomic.Bool
		wg       sync.WaitGroup
		times    = make([][]time.Duration, connections)
		failures = make([]error, connections)
		from     = time.Now().Add(w.Warm)
		until    = from.Add(w.Slice)
	)
	for i := range connections {
		wg.Go(func() {
			p, err := newPoster(w.Client, c.url)
			if err != nil {
				failures[i] = err
				return
			}
			defer p.close()
			var body []byte
			for !stop.Load() {
				body = w.bodies.next(body[:0])
				sent := time.Now()
				answer, err := p.post(body)
				if err != nil {
					failures[i] = err
					stop.Store(true)
					return
				}
				got := time.Now()
				if !bytes.Contains(answer, []byte(`"acknowledged"`)) || !bytes.Contains(answer, []byte(`"redelivery":false`)) {
					failures[i] = fmt.Errorf("a new notification was answered %q", answer)
					stop.Store(true)
					return
				}
				sum.Add(1)
				if got.After(from) && got.Before(until) {
					times[i] = append(times[i], got.Sub(sent))
				}
			}
		})
	}
	wait(ctx, time.Until(from))
	server, client := cpuTime(c.cmd.Process.Pid), cpuTime(os.Getpid())
	wait(ctx, time.Until(until))
	server, client = cpuTime(c.cmd.Process.Pid)-server, cpuTime(os.Getpid())-client
	stop.Store(true)
	wg.Wait()

	all := slices.Concat(times...)
	f = figureOf(all, w.Slice)
	if len(all) > 0 {
		f.ServerCPU = float64(server.Microseconds()) / float64(len(all))
		f.ClientCPU = float64(client.Microseconds()) / float64(len(all))
	}
	return f, sum.Load(), errors.Join(append(failures, ctx.Err())...)
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
