//go:build linux

// Command test checks the promises this program makes, on the real thing: it
// builds ppm, drives it from outside as a sender and an operator would, kills
// it, cuts its power, fills and breaks its disk, and then looks for every
// notification that had been acknowledged.
//
//	go run ./test                  every promise, the short form
//	go run ./test -long P2         one of them, for hours
//	go run ./test soak             ten minutes of load, redeliveries and kills
//
// It needs Linux, root, and the tools that README.md names.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	long   bool
	cycles int           // 0: what each check says
	limit  time.Duration // 0: what each check says
	keep   bool          // leave the working folder behind
	source string        // the folder of ppm's module
	json   string        // also write the results to this file
}

func main() {
	os.Exit(run())
}

func run() int {
	var o options
	short := flag.Bool("short", true, "the form for every run; this is the default")
	flag.BoolVar(&o.long, "long", false, "the soak figures: hours")
	flag.IntVar(&o.cycles, "cycles", 0, "so many cycles, whatever the form says")
	flag.DurationVar(&o.limit, "for", 0, "begin no cycle of a check later than this after its first; the soak goes on for so long (default 10m)")
	flag.BoolVar(&o.keep, "keep", false, "keep the working folder, with data and logs")
	flag.StringVar(&o.source, "source", "", "folder of the source to build ppm from (default: this module)")
	flag.StringVar(&o.json, "json", "", "also write the results to this `file`")
	flag.Usage = usage
	flag.Parse()
	if *short && o.long && isSet("short") {
		fmt.Fprintln(os.Stderr, "test: choose -short or -long")
		return 2
	}
	chosen, err := choose(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "test:", err)
		return 2
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	results, err := checkAll(ctx, o, chosen)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test:", err)
		return 1
	}
	printTable(os.Stdout, results)
	if o.json != "" {
		if err := writeJSON(o.json, results); err != nil {
			fmt.Fprintln(os.Stderr, "test:", err)
			return 1
		}
	}
	if slices.ContainsFunc(results, func(r result) bool { return !r.OK }) {
		return 1
	}
	return 0
}

// checkAll runs the chosen checks one after the other: they share two cores
// with the program they measure.
func checkAll(ctx context.Context, o options, chosen []check) (results []result, err error) {
	w, err := newWorkshop(ctx, o)
	if err != nil {
		return nil, err
	}
	for _, c := range chosen {
		if ctx.Err() != nil {
			err = errors.New("interrupted")
			break
		}
		results = append(results, c.do(ctx, w, o))
	}
	return results, errors.Join(err, w.close(o.keep))
}

// choose returns the checks that the names on the command line stand for: all
// but the soak when there are none.
func choose(names []string) ([]check, error) {
	var chosen []check
	for _, c := range checks {
		if len(names) == 0 && c.promise != "soak" || slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, c.promise) }) {
			chosen = append(chosen, c)
		}
	}
	for _, n := range names {
		if !slices.ContainsFunc(checks, func(c check) bool { return strings.EqualFold(n, c.promise) }) {
			return nil, fmt.Errorf("no promise is called %q; there are %s", n, strings.Join(promises(), ", "))
		}
	}
	return chosen, nil
}

// promises returns each name once.
func promises() []string {
	var names []string
	for _, c := range checks {
		names = append(names, c.promise)
	}
	return slices.Compact(names)
}

func usage() {
	fmt.Fprintf(os.Stderr, "usage: go run ./test [flags] [names]\n\nnames: %s; without any, all but soak\n\n", strings.Join(promises(), ", "))
	flag.PrintDefaults()
}

func isSet(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}
