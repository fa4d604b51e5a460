//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// p2 cuts the power under a file system in the middle of load: what was not
// synced is gone, and a 200 survives that.
func p2(kind string) func(*lab) error {
	return func(l *lab) error { return l.powerCuts(kind) }
}

// powerCuts is the loop of P2. A store lives through five cuts and is compared
// in full after each; then a new one begins, so that the cut also meets files
// that have only just been made.
func (l *lab) powerCuts(kind string) error {
	disk, err := l.newDisk(kind)
	if err != nil {
		return err
	}
	var o *oracle
	var data string
	var posted, acknowledged, late int
	err = l.each(func(cycle int) error {
		if cycle%5 == 0 {
			o, data = new(oracle), filepath.Join(disk.dir, fmt.Sprintf("store-%d", cycle/5))
			if err := os.Mkdir(data, 0o700); err != nil {
				return err
			}
		}
		p0, a0 := o.count()
		answers, err := l.powerCut(disk, data, o)
		if err != nil {
			return err
		}
		p1, a1 := o.count()
		posted, acknowledged = posted+p1-p0, acknowledged+a1-a0
		late += int(answers) - (a1 - a0)

		p, err := l.serve(data)
		if err != nil {
			return fmt.Errorf("after the power cut: %w", err)
		}
		if err := l.verify(data, o); err != nil {
			return fmt.Errorf("after the power cut: %w", err)
		}
		return errors.Join(p.stop(), l.verifyFile(data, o))
	})
	l.figure("posted", posted, "")
	l.figure("acknowledged", acknowledged, "")
	l.figure("answered 200 without power", late, "")
	if err == nil {
		l.figure("lost", 0, "")
	}
	return err
}

// powerCut loads the program, cuts the power at a random moment, and brings the
// disk back as it was at that moment. It returns how many answers were 200.
func (l *lab) powerCut(disk *disk, data string, o *oracle) (answers int64, err error) {
	p, err := l.serve(data)
	if err != nil {
		return 0, err
	}
	f := l.feed(p.receiver, o, usual)
	l.pause(between(50*time.Millisecond, 900*time.Millisecond))
	o.darken(true)
	if err := disk.cut(); err != nil {
		return 0, errors.Join(err, f.stop())
	}
	l.pause(50 * time.Millisecond) // the program meets a dead disk, and must not panic
	err = errors.Join(p.kill(), f.stop(), disk.remount())
	o.darken(false)
	return f.acknowledged.Load(), err
}
