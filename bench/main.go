// Command bench measures what an acknowledgement costs: the real receiver and
// store against a handler that stores nothing, and against bare fsyncs on the
// same disk, in one run and by turns, so that whatever else the machine does
// meets all of them alike. What the figures mean is in docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `Usage: go run ./bench [start|deliver] [flags]

Without a word it measures throughput and latency of the acknowledgement
against a no-op handler and bare fsyncs; "start" measures how long ppm serve
takes to get ready and what it uses when idle; "deliver" what comes after the
acknowledgement, beside River on SQLite. Figures are judged against the targets,
but only a lost or wrongly answered notification makes it fail.

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "noop":
			return serveNoop(ctx, args[1:])
		case "inprocess":
			return serveInProcess(ctx, args[1:])
		case "start":
			s, err := parse(args[1:])
			if err != nil {
				return err
			}
			return withWork(s, func(w *work) error { return measureStart(ctx, w) })
		case "deliver":
			s, err := parse(args[1:])
			if err != nil {
				return err
			}
			return withWork(s, func(w *work) error { return measureDeliver(ctx, w) })
		}
	}
	s, err := parse(args)
	if err != nil {
		return err
	}
	return withWork(s, func(w *work) error { return measureLoad(ctx, w) })
}
