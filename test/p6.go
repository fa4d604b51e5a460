//go:build linux

package main

import (
	"errors"
	"fmt"
	"time"
)

// healPromise is how soon everything has been delivered once all clients are
// well again.
const healPromise = 60 * time.Second

// p6 leaves nothing stuck: under load, and with polite stops in the middle of
// it, the numbers add up, and with healthy clients everything is soon delivered.
func p6(l *lab) error {
	p, err := l.partner()
	if err != nil {
		return err
	}
	ld := load{senders: 8, again: 0.1, reuse: true, pace: 10 * time.Millisecond}
	if l.long {
		ld.pace = 400 * time.Millisecond // what comes in a day fits on the disk and in our memory
	}
	var slowest time.Duration
	err = l.each(func(int) error {
		service, err := l.serve(p.data)
		if err != nil {
			return err
		}
		began := time.Now()
		if _, err := p.allDelivered(); err != nil {
			return err
		}
		slowest = max(slowest, time.Since(began))
		f := l.feed(service.receiver, p.oracle, ld)
		for range 4 {
			l.pause(500 * time.Millisecond)
			s, err := l.status(p.data)
			if err := errors.Join(err, s.balanced()); err != nil {
				return errors.Join(err, f.stop())
			}
		}
		return errors.Join(service.stop(), f.stop())
	})
	if err != nil {
		return err
	}
	l.figure("delivered after a stop, at the slowest", slowest.Milliseconds(), "ms")
	return p.settle(0)
}

// allDelivered waits until everything has been delivered, while every client is well.
func (p *partner) allDelivered() (s status, err error) {
	err = p.until(healPromise, "all delivered with healthy clients", func() (bool, error) {
		if s, err = p.status(p.data); err != nil {
			return false, err
		}
		return s.Notifications.Queued == 0 && s.Deliveries.Waiting == 0, fmt.Errorf("%d queued, %d waiting", s.Notifications.Queued, s.Deliveries.Waiting)
	})
	if err == nil && (s.Deliveries.GaveUp != 0 || s.Notifications.Failed != 0) {
		err = fmt.Errorf("%d deliveries gave up, %d notifications failed", s.Deliveries.GaveUp, s.Notifications.Failed)
	}
	return s, errors.Join(err, s.balanced())
}
