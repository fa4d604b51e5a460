//go:build linux

package main

import (
	"errors"
	"time"
)

// p5 posts three in ten notifications again, some with another body, while the
// program is being killed: one row per identity, one receipt, every
// acknowledged arrival counted, and "redelivery" true where it is certain.
func p5(l *lab) error {
	ld := usual
	ld.again = 0.3
	return l.kills(ld)
}

// p5Deliveries has three in ten notifications posted again and kills the
// program over and over, while one delivery in five and one fetch in ten fail:
// every notification acknowledged reaches every client that wants it, under one
// key, in the order of its application and with that application's data, and
// none is worked on twice but what a kill or a lost answer leaves open.
func p5Deliveries(l *lab) error {
	p, err := l.partner()
	if err != nil {
		return err
	}
	p.flaky(true)
	err = l.each(func(int) error {
		service, err := l.serve(p.data)
		if err != nil {
			return err
		}
		f := l.feed(service.receiver, p.oracle, load{senders: 4, again: 0.3, reuse: true, pace: 10 * time.Millisecond})
		l.pause(between(50*time.Millisecond, 900*time.Millisecond))
		return errors.Join(service.kill(), f.stop())
	})
	if err != nil {
		return err
	}
	return p.settle(l.done)
}
