//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"time"
)

// healLimit is how long after the disk is well again the program may take to
// notice; half a minute is the longest it waits by itself.
const healLimit = 60 * time.Second

// p4Outage lets the disk of a running program fail entirely, in one way after
// the other: senders are told to come back, and it heals without a restart.
func p4Outage(l *lab) error {
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	o := new(oracle)
	p, err := l.serve(data)
	if err != nil {
		return err
	}
	f := l.feed(p.receiver, o, usual)
	var slowest time.Duration
	err = l.each(func(int) error {
		for _, fault := range faults {
			healed, err := l.outage(p, f, fault)
			if err != nil {
				return fmt.Errorf("%v: %w", fault, err)
			}
			slowest = max(slowest, healed)
		}
		return nil
	})
	if err := errors.Join(err, f.stop(), l.verify(data, o), p.stop(), l.verifyFile(data, o)); err != nil {
		return err
	}
	l.kept(o)
	l.figure("faults", len(faults), "")
	l.figure("answered 503", f.refused.Load(), "")
	l.figure("healed within", slowest.Milliseconds(), "ms")
	return nil
}

// outage has one fault last for a while and returns how long after its end the
// first notification was acknowledged.
func (l *lab) outage(p *process, f *feed, fault fault) (time.Duration, error) {
	mend, err := l.strike(p, fault)
	if err != nil {
		return 0, err
	}
	if fault.fatal {
		err = l.until(startLimit, "half a second of 503 only", func() (bool, error) {
			acknowledged, refused := f.acknowledged.Load(), f.refused.Load()
			l.pause(500 * time.Millisecond)
			return f.acknowledged.Load() == acknowledged && f.refused.Load() > refused, nil
		})
	} else {
		l.pause(time.Second)
	}
	if err := errors.Join(err, mend()); err != nil {
		return 0, err
	}
	return l.healed(f)
}

// healed waits until the program acknowledges again, and returns how long.
func (l *lab) healed(f *feed) (time.Duration, error) {
	began, before := time.Now(), f.acknowledged.Load()
	err := l.until(healLimit, "an acknowledgement once all is well again", func() (bool, error) {
		return f.acknowledged.Load() > before+int64(f.senders), nil
	})
	return time.Since(began), err
}

// p4Nth starts the program so that the Nth call of each thread and the three
// after it fail. It may refuse to start, with a reason; else it goes on. What
// it has acknowledged is there when the disk is well.
func p4Nth(l *lab) error {
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	o := new(oracle)
	var sofar mark
	struck, refusals := 0, 0
	err = l.each(func(cycle int) error {
		n := cycle + 1
		if !l.long {
			n = 1 + cycle*cycle*(5+rand.IntN(10)) // 1, a few, some dozens
		}
		for i, fault := range faults {
			log := filepath.Join(l.dir, fmt.Sprintf("strace-%d-%d", cycle, i))
			refused, err := l.nth(data, o, fault, n, log)
			if err == nil {
				sofar, err = l.afterwards(data, o, sofar)
			}
			if err != nil {
				return fmt.Errorf("%v from the %d. call on: %w", fault, n, err)
			}
			if refused {
				refusals++
			}
			hits, err := injected(log)
			if err != nil {
				return err
			}
			struck += hits
		}
		return nil
	})
	if err != nil {
		return err
	}
	if struck == 0 {
		return errors.New("no call was made to fail")
	}
	l.kept(o)
	l.figure("calls failed", struck, "")
	l.figure("starts refused", refusals, "")
	return l.verifyFile(data, o)
}

// nth is one start with one fault.
func (l *lab) nth(data string, o *oracle, fault fault, n int, log string) (refused bool, err error) {
	p, err := l.serve(data, fault.from(n, log)...)
	var r *refusal
	if errors.As(err, &r) {
		if r.stderr == "" {
			return true, errors.New("it refused to start without giving a reason")
		}
		return true, nil
	}
	if err != nil {
		return false, err
	}
	f := l.feed(p.receiver, o, usual)
	l.pause(400 * time.Millisecond)
	_, err = l.healed(f)
	return false, errors.Join(err, p.kill(), f.stop())
}

// afterwards is the start after that, with the disk well.
func (l *lab) afterwards(data string, o *oracle, sofar mark) (mark, error) {
	p, err := l.serve(data)
	if err != nil {
		return sofar, fmt.Errorf("with the disk well: %w", err)
	}
	sofar, err = l.verifyNewest(data, o, sofar)
	return sofar, errors.Join(err, p.stop())
}

// p4Full fills a small disk, and then enlarges it under the running program.
func p4Full(l *lab) error {
	var refused int64
	var slowest time.Duration
	err := l.each(func(cycle int) error {
		data, err := l.folder(fmt.Sprintf("full-%d", cycle))
		if err != nil {
			return err
		}
		if err := syscall.Mount("tmpfs", data, "tmpfs", 0, "size=16m"); err != nil {
			return fmt.Errorf("mount: %w", err)
		}
		l.cleanup(func() error { return l.workshop.unmount(data, func() {}) })
		o := new(oracle)
		p, err := l.serve(data)
		if err != nil {
			return err
		}
		f := l.feed(p.receiver, o, large)
		full := func() (bool, error) {
			acknowledged, before := f.acknowledged.Load(), f.refused.Load()
			l.pause(time.Second)
			return f.acknowledged.Load() == acknowledged && f.refused.Load() > before, nil
		}
		if err := errors.Join(l.until(startLimit, "a second of 503 only", full), f.stop()); err != nil {
			return err
		}
		refused += f.refused.Load()
		f = l.feed(p.receiver, o, usual)
		l.pause(500 * time.Millisecond)
		if err := syscall.Mount("", data, "", syscall.MS_REMOUNT, "size=64m"); err != nil {
			return fmt.Errorf("enlarge: %w", err)
		}
		healed, err := l.healed(f)
		if err := errors.Join(err, f.stop(), l.verify(data, o), p.stop(), l.verifyFile(data, o)); err != nil {
			return err
		}
		refused += f.refused.Load()
		slowest = max(slowest, healed)
		l.kept(o)
		return nil
	})
	if err != nil {
		return err
	}
	l.figure("answered 503", refused, "")
	l.figure("healed within", slowest.Milliseconds(), "ms")
	return nil
}
