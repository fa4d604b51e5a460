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
	ServerRSS float64 `json:"server_rss_mib,omitempty"` // at the end of the slice
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
// it posts again. It measures for one slice, after all have been opened, one by
// one so that handshakes are no part of it, and have warmed up together. answers
// counts every 200.
func (w *work) load(ctx context.Context, c *child, connections int) (f figure, answers int64, err error) {
	var (
		posters  = make([]poster, connections)
		times    = make([][]time.Duration, connections)
		failures = make([]error, connections)
		sum      atomic.Int64
		stop     atomic.Bool
		ended    sync.WaitGroup
	)
	for i := range posters {
		if posters[i], err = newPoster(w.Client, c.url); err != nil {
			return f, 0, err
		}
		defer posters[i].close()
		if _, err = w.post(posters[i]); err != nil {
			return f, 0, err
		}
		sum.Add(1)
	}
	from := time.Now().Add(w.Warm)
	until := from.Add(w.Slice)
	for i, p := range posters {
		ended.Go(func() {
			for !stop.Load() {
				took, err := w.post(p)
				if err != nil {
					failures[i] = err
					stop.Store(true)
					return
				}
				sum.Add(1)
				if now := time.Now(); now.After(from) && now.Before(until) {
					times[i] = append(times[i], took)
				}
			}
		})
	}
	wait(ctx, time.Until(from))
	server, client := cpuTime(c.cmd.Process.Pid), cpuTime(os.Getpid())
	wait(ctx, time.Until(until))
	server, client = cpuTime(c.cmd.Process.Pid)-server, cpuTime(os.Getpid())-client
	rss, _ := memory(c.cmd.Process.Pid)
	stop.Store(true)
	ended.Wait()

	all := slices.Concat(times...)
	f = figureOf(all, w.Slice)
	f.ServerRSS = rss
	if len(all) > 0 {
		f.ServerCPU = float64(server.Microseconds()) / float64(len(all))
		f.ClientCPU = float64(client.Microseconds()) / float64(len(all))
	}
	return f, sum.Load(), errors.Join(append(failures, ctx.Err())...)
}

// post posts a new notification, checks the answer and tells how long it took.
func (w *work) post(p poster) (took time.Duration, err error) {
	body := w.bodies.next(nil)
	sent := time.Now()
	answer, err := p.post(body)
	took = time.Since(sent)
	if err == nil && !(bytes.Contains(answer, []byte(`"acknowledged"`)) && bytes.Contains(answer, []byte(`"redelivery":false`))) {
		err = fmt.Errorf("a new notification was answered %q", answer)
	}
	return took, err
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
