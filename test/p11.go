//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// crowd is a hundred senders that do not wait for ever.
var crowd = load{senders: 100, reuse: true, size: mixed, patience: 5 * time.Second}

// p11Descriptors gives the program 64 descriptors and a hundred connections.
func p11Descriptors(l *lab) error {
	return l.scarce(crowd, "prlimit", "--nofile=64:64")
}

// p11Memory gives the program 64 MiB of memory, page cache included, and a
// hundred connections with bodies up to a quarter of a MiB.
func p11Memory(l *lab) error {
	const limit = 64 << 20
	group, err := memoryGroup()
	if err != nil {
		return err
	}
	group = filepath.Join(group, filepath.Base(l.dir))
	if err := os.Mkdir(group, 0o755); err != nil {
		return fmt.Errorf("make a control group: %w", err)
	}
	l.cleanup(func() error { // the processes are gone a moment after their end
		return l.retried(func() error { return os.Remove(group) })
	})
	for name, value := range map[string]int{"memory.limit_in_bytes": limit, "memory.max": limit} {
		file := filepath.Join(group, name)
		if _, err := os.Stat(file); err != nil {
			continue // the other version's name
		}
		if err := os.WriteFile(file, []byte(strconv.Itoa(value)), 0); err != nil {
			return fmt.Errorf("limit the memory: %w", err)
		}
	}
	ld := crowd
	ld.size = func() int {
		if rand.IntN(10) == 0 {
			return 256 << 10
		}
		return mixed()
	}
	if err := l.scarce(ld, "sh", "-c", `echo $$ > "$0/cgroup.procs" && exec "$@"`, group); err != nil {
		return err
	}
	for _, name := range []string{"memory.max_usage_in_bytes", "memory.peak"} {
		if b, err := os.ReadFile(filepath.Join(group, name)); err == nil {
			most, _ := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
			l.figure("most memory", most>>20, "MiB")
		}
	}
	return nil
}

// memoryGroup returns the folder of control groups in which memory can be
// limited, of either version.
func memoryGroup() (string, error) {
	if _, err := os.Stat("/sys/fs/cgroup/memory/memory.limit_in_bytes"); err == nil {
		return "/sys/fs/cgroup/memory", nil
	}
	b, err := os.ReadFile("/sys/fs/cgroup/cgroup.subtree_control")
	if err != nil || !strings.Contains(string(b), "memory") {
		return "", errors.New("no control group in which memory can be limited; mount cgroup version 1 or enable memory in cgroup.subtree_control")
	}
	return "/sys/fs/cgroup", nil
}

// retried calls f until it works, for some seconds.
func (l *lab) retried(f func() error) (err error) {
	for range 50 {
		if err = f(); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// scarce runs the program under wrap with too many senders. Some may wait or be
// turned away; it goes on all the same, and when they are gone it is as before.
func (l *lab) scarce(ld load, wrap ...string) error {
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	o := new(oracle)
	p, err := l.serve(data, wrap...)
	if err != nil {
		return err
	}
	var refused, broken int64
	err = l.each(func(int) error {
		f := l.feed(p.receiver, o, ld)
		l.pause(5 * time.Second)
		err := f.stop()
		refused, broken = refused+f.refused.Load(), broken+f.broken.Load()
		if err != nil {
			return err
		}
		if !p.running() {
			return fmt.Errorf("ppm serve did not survive the crowd: %v; it said: %s", p.err, tail(p.stderr()))
		}
		if f.acknowledged.Load() == 0 {
			return errors.New("nothing was acknowledged while the crowd was there")
		}
		f = l.feed(p.receiver, o, usual)
		_, err = l.healed(f)
		return errors.Join(err, f.stop())
	})
	if err != nil {
		return err
	}
	if err := errors.Join(l.verify(data, o), p.stop(), l.verifyFile(data, o)); err != nil {
		return err
	}
	l.kept(o)
	l.figure("answered 503", refused, "")
	l.figure("not answered", broken, "")
	return nil
}
