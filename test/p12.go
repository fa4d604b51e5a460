//go:build linux

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// lockTime is how long someone else holds the database.
const lockTime = 8 * time.Second

// p12 has a second program hold the database: answers are late or 503, and
// afterwards all goes on.
func p12(l *lab) error {
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
	var during int64
	var slowest time.Duration
	err = l.each(func(int) error {
		l.pause(300 * time.Millisecond)
		before := f.acknowledged.Load()
		out, err := exec.CommandContext(l, "sqlite3", "-batch", filepath.Join(data, "ppm.db"), ".timeout 5000",
			"BEGIN IMMEDIATE", fmt.Sprintf(".shell sleep %.0f", lockTime.Seconds()), "ROLLBACK").CombinedOutput()
		if err != nil || len(out) > 0 {
			return fmt.Errorf("sqlite3: %v: %s", err, out)
		}
		during += f.acknowledged.Load() - before
		healed, err := l.healed(f)
		slowest = max(slowest, healed)
		return err
	})
	if err := errors.Join(err, f.stop(), l.verify(data, o), p.stop(), l.verifyFile(data, o)); err != nil {
		return err
	}
	l.kept(o)
	l.figure("answered 503", f.refused.Load(), "")
	l.figure("slowest answer", time.Duration(f.slowest.Load()).Milliseconds(), "ms")
	l.figure("went on after", slowest.Milliseconds(), "ms")
	return nil
}
