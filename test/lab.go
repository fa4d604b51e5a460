//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A workshop is what all checks share: a working folder and the built program.
type workshop struct {
	dir     string
	source  string
	program *program
}

func newWorkshop(ctx context.Context, o options) (*workshop, error) {
	source := o.source
	if source == "" {
		out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
		if err != nil {
			return nil, fmt.Errorf("find the module to build: %w", err)
		}
		source = strings.TrimSpace(string(out))
	}
	dir, err := os.MkdirTemp("", "ppm-promises-")
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir, source: source}
	if w.program, err = w.build(ctx, "ppm"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return w, nil
}

func (w *workshop) close(keep bool) error {
	if keep {
		fmt.Fprintln(os.Stderr, "kept", w.dir)
		return nil
	}
	return os.RemoveAll(w.dir)
}

// A lab is where one check works: a folder of its own, and a list of what has
// to be put back in order when it ends, however it ends.
type lab struct {
	context.Context
	*program
	workshop *workshop
	dir      string
	cycles   int // to be done
	done     int // so far
	long     bool
	limit    time.Duration // for the cycles; 0: none
	figures  []figure
	cleanups []func() error
}

// cleanup has f called when the check ends, the last one given first.
func (l *lab) cleanup(f func() error) {
	l.cleanups = append(l.cleanups, f)
}

func (l *lab) clear() error {
	var errs []error
	for i := len(l.cleanups) - 1; i >= 0; i-- {
		errs = append(errs, l.cleanups[i]())
	}
	return errors.Join(errs...)
}

// figure notes something measured for the table.
func (l *lab) figure(name string, value any, unit string) {
	l.figures = append(l.figures, figure{name, value, unit})
}

// each calls f for each cycle, until one fails, the time is over or the checker
// is interrupted.
func (l *lab) each(f func(cycle int) error) error {
	began := time.Now()
	for i := range l.cycles {
		if err := l.Err(); err != nil {
			return err
		}
		if l.limit > 0 && time.Since(began) > l.limit {
			return nil
		}
		if err := f(i); err != nil {
			return fmt.Errorf("cycle %d: %w", i+1, err)
		}
		l.done++
	}
	return nil
}

// folder makes and returns a new data folder.
func (l *lab) folder(name string) (string, error) {
	dir := filepath.Join(l.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

// pause waits for d, or less when the checker is interrupted.
func (l *lab) pause(d time.Duration) {
	select {
	case <-l.Done():
	case <-time.After(d):
	}
}

// until asks now and then whether something has come about, for at most limit.
func (l *lab) until(limit time.Duration, what string, reached func() (bool, error)) error {
	deadline := time.Now().Add(limit)
	for {
		ok, err := reached()
		if ok {
			return nil
		}
		if l.Err() != nil {
			return l.Err()
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("%s: not within %v", what, limit), err)
		}
		l.pause(50 * time.Millisecond)
	}
}

// between returns a random time: no two runs kill at the same moments.
func between(least, most time.Duration) time.Duration {
	return least + rand.N(most-least)
}

// tool runs one of the system's programs and returns what it printed.
func (l *lab) tool(name string, args ...string) (string, error) {
	out, err := exec.CommandContext(l, name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// copyFile copies the file from to the file to, which need not exist.
func copyFile(to, from string) (err error) {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	_, err = io.Copy(w, r)
	return err
}
