//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// strangers are those who want to keep the sender from being heard, and what
// became of them.
type strangers struct {
	ctx     context.Context
	address string // of the receiver, host and port

	open     atomic.Int64 // slow connections at present
	slow     atomic.Int64 // begun in all
	guesses  atomic.Int64 // wrong passwords answered
	held     atomic.Int64 // of them, those that the throttle had wait
	smuggled atomic.Int64 // ambiguous requests sent
	fault    grievance    // the first answer that must not be
}

// p15 posts with the right password in the middle of slow connections, wrong
// passwords and requests that are smuggled, from the same address and others.
// The password was typed by somebody, so that the receiver knows it by a slow
// hash only, until it has seen it for the first time.
func p15(l *lab) error {
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	cmd := l.command(data, "config", "set", "receiver.password", "-")
	cmd.Stdin = bytes.NewReader([]byte(password))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("set the password: %w: %s", err, out)
	}
	p, err := l.serve(data, "env", "-u", "PPM_RECEIVER_PASSWORD")
	if err != nil {
		return err
	}
	o := new(oracle)
	err = l.each(func(int) error { return l.besieged(p, o) })
	if err := errors.Join(err, l.verify(data, o), p.stop(), l.verifyFile(data, o)); err != nil {
		return err
	}
	l.kept(o)
	return nil
}

// besieged lets the strangers begin, and then the sender.
func (l *lab) besieged(p *process, o *oracle) error {
	connections, siege := 200, 15*time.Second
	if l.long {
		connections, siege = 2000, time.Minute
	}
	ctx, cancel := context.WithCancel(l)
	s := &strangers{ctx: ctx, address: hostPort(p.receiver)}
	stop := s.begin(connections)
	defer func() { cancel(); stop() }()
	// As many as it lets stay; it has places for 1,024 in all.
	err := l.until(time.Minute, "the strangers are there, and the throttle is on", func() (bool, error) {
		open := s.open.Load()
		return open >= int64(min(connections, 900)) && s.held.Load() > 0 && s.smuggled.Load() > 0, fmt.Errorf("%d connections, %d answers held", open, s.held.Load())
	})
	if err != nil {
		return err
	}
	began := time.Now()
	// So many at once that a throttle which counted them would have to turn some away.
	const pace = 20 * time.Millisecond
	anew, kept := l.feed(p.receiver, o, load{senders: 2, pace: pace}), l.feed(p.receiver, o, load{senders: 14, reuse: true, pace: pace})
	err = l.until(time.Minute, "the sender is heard", func() (bool, error) { return anew.acknowledged.Load() > 0 && kept.acknowledged.Load() > 0, nil })
	first := time.Since(began)
	l.pause(siege)
	least := s.open.Load()
	if err := errors.Join(err, anew.stop(), kept.stop(), s.fault.first()); err != nil {
		return err
	}
	if n := anew.broken.Load() + kept.broken.Load() + anew.refused.Load() + kept.refused.Load(); n > 0 {
		return fmt.Errorf("%d of the sender's posts were refused or not answered", n)
	}
	if n := s.smuggled.Load(); n < int64(len(framings)) {
		return fmt.Errorf("only %d smuggled requests were sent", n)
	}
	l.figure("slow connections", least, "")
	l.figure("begun", s.slow.Load(), "")
	l.figure("wrong passwords", s.guesses.Load(), "")
	l.figure("smuggled", s.smuggled.Load(), "")
	l.figure("sender first heard after", first.Milliseconds(), "ms")
	l.figure("slowest answer", time.Duration(max(anew.slowest.Load(), kept.slowest.Load())).Milliseconds(), "ms")
	return nil
}
