//go:build linux

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// flat is by how much the number of goroutines or descriptors may have risen
// from the first third of a time to the last: connections come and go.
const flat = 16

// A use is what a process needs of the machine, looked at all the time.
type use struct {
	process     *process
	descriptors []int
	done        chan struct{}
	watching    sync.WaitGroup
	once        sync.Once
}

func watchUse(p *process) *use {
	u := &use{process: p, done: make(chan struct{})}
	u.watching.Go(func() {
		for {
			select {
			case <-u.done:
				return
			case <-p.ended:
				return
			case <-time.After(time.Second):
			}
			if open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid)); err == nil {
				u.descriptors = append(u.descriptors, len(open))
			}
		}
	})
	return u
}

func (u *use) stop() {
	u.once.Do(func() { close(u.done) })
	u.watching.Wait()
}

// judge returns an error unless memory is bounded and nothing has grown. The
// process is still running, and was started to tell of its goroutines.
func (u *use) judge(l *lab) error {
	most, err := mostMemory(u.process.cmd.Process.Pid)
	if err != nil {
		return err
	}
	l.figure("most memory", most/1_000_000, "MB")
	if most > rssPromise {
		return fmt.Errorf("it used %d MB of memory; the promise is %d", most/1_000_000, rssPromise/1_000_000)
	}
	for _, n := range []struct {
		what string
		seen []int
	}{{"goroutines", goroutines(u.process.stderr())}, {"descriptors", u.descriptors}} {
		if len(n.seen) < 3 {
			return fmt.Errorf("the number of %s was seen %d times only", n.what, len(n.seen))
		}
		third := len(n.seen) / 3
		first, last := slices.Max(n.seen[:third]), slices.Max(n.seen[len(n.seen)-third:])
		l.figure(n.what, fmt.Sprintf("%d, then %d", first, last), "")
		if last > first+flat {
			return fmt.Errorf("there were %d %s at first and %d in the end", first, n.what, last)
		}
	}
	return nil
}

// mostMemory returns the most that a process has had resident, in bytes.
func mostMemory(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`).FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("/proc/%d/status has no VmHWM", pid)
	}
	kilobytes, err := strconv.ParseInt(string(m[1]), 10, 64)
	return kilobytes << 10, err
}

// traceEvery is how often a program that is to tell of its goroutines does so,
// in milliseconds.
func traceEvery(long bool) string {
	if long {
		return "30000"
	}
	return "3000"
}

// goroutines returns how many there were each time that the Go runtime told of
// them, as GODEBUG=schedtrace,scheddetail=1 has it do, but for the first time,
// which is before anything has begun. One that has ended is kept there for the
// next, with the status 6.
func goroutines(stderr string) (n []int) {
	one := regexp.MustCompile(`^\s+G\d+: status=(\d+)`)
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "SCHED ") {
			n = append(n, 0)
		} else if m := one.FindStringSubmatch(line); m != nil && m[1] != "6" && len(n) > 0 {
			n[len(n)-1]++
		}
	}
	return n[min(1, len(n)):]
}
