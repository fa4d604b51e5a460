//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"time"
)

// A check shows one promise, or one side of it, in one row of the table.
type check struct {
	promise     string
	words       string // the promise
	done        string // what is done to the program
	short, long int    // cycles
	run         func(*lab) error
}

// day, for cycles, is as many as fit into 24 hours.
const day = 0

var checks = []check{
	{"P1", "a 200 survives a kill", "SIGKILL under 16 senders", 60, 1000, p1},
	{"P2", "a 200 survives a power cut", "ext4 shut down under 16 senders", 10, 500, p2("ext4")},
	{"P2", "a 200 survives a power cut", "xfs shut down under 16 senders", 10, 500, p2("xfs")},
	{"P2b", "the tests would notice", "synchronous=NORMAL, power cuts", 10, 10, p2bNormal},
	{"P2b", "the tests would notice", "answered before the commit, kills", 20, 20, p2bEarlyKilled},
	{"P2b", "the tests would notice", "answered before the commit, power cuts", 10, 10, p2bEarlyCut},
	{"P3", "the settings are really on", "wrong settings and unwritable places, started", 1, 1, p3},
	{"P4", "a failing disk is answered 503 and heals", "every write fails for a while", 1, 10, p4Outage},
	{"P4", "a failing disk is answered 503 and heals", "the Nth call fails", 3, 300, p4Nth},
	{"P4", "a failing disk is answered 503 and heals", "disk filled, then enlarged", 1, 20, p4Full},
	{"P5", "a redelivery is kept once", "30 % redeliveries under SIGKILL", 60, 1000, p5},
	{"P5", "a redelivery is not worked on twice", "30 % redeliveries, SIGKILL, flaky clients", 60, 1000, p5Deliveries},
	{"P5b", "the tests would notice", "deliveries done wrong, flaky clients", len(wrongs), len(wrongs), p5b},
	{"P6", "nothing is stuck", "load, stops, clients that are well", 3, day, p6},
	{"P7", "load is borne", "an even load on 300,000 rows", 1, day, p7},
	{"P8", "files stay bounded", "stalled readers under load", 1, 10, p8},
	{"P9", "damage is noticed", "512 bytes flipped in ppm.db", 10, 200, p9},
	{"P10", "clock jumps harm nothing", "set back and forward in virtual time", 1, 100, p10},
	{"P11", "scarcity degrades, never loses", "64 descriptors, 100 connections", 1, 10, p11Descriptors},
	{"P11", "scarcity degrades, never loses", "64 MiB of memory, 100 connections", 1, 10, p11Memory},
	{"P12", "someone else's lock is survived", "BEGIN IMMEDIATE held for 8 s", 1, 20, p12},
	{"P13", "upgrades keep data", "SIGKILL while migrating", 50, 500, p13Kills},
	{"P13", "upgrades keep data", "newer, foreign and broken files", 1, 1, p13Refusals},
	{"P16", "the API's token goes to its origin alone", "hostile content, a redirect", 1, 1, p16},
	{"P19", "secrets and personal data stay inside", "canaries on every way, then a search", 1, 1, p19},
	{"soak", "all of it, at length", "load, 30 % redeliveries, ppm send, SIGKILL", 1, 1, soak},
}

// A result is one row of the table.
type result struct {
	Promise string   `json:"promise"`
	Words   string   `json:"words"`
	Done    string   `json:"done"`
	Cycles  int      `json:"cycles"`
	Figures []figure `json:"figures"`
	OK      bool     `json:"ok"`
	Fault   string   `json:"fault,omitempty"`
	Seconds float64  `json:"seconds"`
}

// A figure is something a check measured.
type figure struct {
	Name  string `json:"name"`
	Value any    `json:"value"` // a number or a text
	Unit  string `json:"unit,omitempty"`
}

func (f figure) String() string {
	if f.Unit == "" {
		return fmt.Sprintf("%s %v", f.Name, f.Value)
	}
	return fmt.Sprintf("%s %v %s", f.Name, f.Value, f.Unit)
}

// do runs c in a laboratory of its own and clears that away, whatever happens.
func (c check) do(ctx context.Context, w *workshop, o options) (r result) {
	l := &lab{Context: ctx, program: w.program, workshop: w, cycles: c.short, long: o.long, limit: o.limit}
	if o.long {
		l.cycles = c.long
		if c.long == day {
			l.cycles, l.limit = math.MaxInt, cmp.Or(o.limit, 24*time.Hour)
		}
	}
	if o.cycles > 0 {
		l.cycles = o.cycles
	}
	began := time.Now()
	fmt.Fprintf(os.Stderr, "%-5s %s\n", c.promise, c.done)
	err := l.perform(c)
	r = result{c.promise, c.words, c.done, l.done, l.figures, err == nil, "", time.Since(began).Seconds()}
	if err != nil {
		r.Fault = err.Error()
		fmt.Fprintf(os.Stderr, "%-5s FAILED after %.1f s: %v\n", c.promise, r.Seconds, err)
		return r
	}
	fmt.Fprintf(os.Stderr, "%-5s ok, %.1f s\n", c.promise, r.Seconds)
	return r
}

func (l *lab) perform(c check) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the checker itself failed: %v\n%s", p, debug.Stack())
		}
		if cleared := l.clear(); err == nil {
			err = cleared
		}
	}()
	if l.dir, err = os.MkdirTemp(l.workshop.dir, c.promise+"-"); err != nil {
		return err
	}
	return c.run(l)
}
