//go:build linux

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
)

// p3 starts programs and folders on which an acknowledgement would not be
// durable: each is refused, with the reason.
func p3(l *lab) error {
	refused := 0
	for _, m := range []struct {
		name  string
		wrong change
		words string
	}{
		{"unsynced", normal, "synchronous"},
		{"unlogged", change{"db/sqlite/open.go", "_journal_mode=WAL&_synchronous=FULL", "_journal_mode=DELETE&_synchronous=FULL"}, "journal_mode"},
		{"outdated", change{"db/sqlite/open.go", `minSQLite = "3.`, `minSQLite = "3.9`}, "SQLite version"},
	} {
		mutant, err := l.workshop.build(l, m.name, m.wrong)
		if err != nil {
			return err
		}
		data, err := l.folder(m.name)
		if err != nil {
			return err
		}
		right := l.program
		l.program = mutant
		err = l.refuse(data, m.words)
		l.program = right
		if err != nil {
			return fmt.Errorf("mutant %s: %w", m.name, err)
		}
		refused++
	}
	for _, place := range []struct {
		name  string
		spoil func(data string) (mend func() error, err error)
	}{
		{"read-only", l.readOnly},
		{"immutable", l.immutable},
		{"in use", l.inUse},
	} {
		if err := l.refusePlace(place.name, place.spoil); err != nil {
			return fmt.Errorf("%s: %w", place.name, err)
		}
		refused++
	}
	l.figure("refused with the reason", refused, "")
	l.done = 1
	return nil
}

// refusePlace spoils a data folder that has a notification in it, wants the
// program to refuse it, mends it and wants the program to start again.
func (l *lab) refusePlace(name string, spoil func(data string) (func() error, error)) error {
	data, err := l.folder(name)
	if err != nil {
		return err
	}
	o := new(oracle)
	if err := l.fill(data, o, 1, usual); err != nil {
		return err
	}
	mend, err := spoil(data)
	if err != nil {
		return err
	}
	if err := errors.Join(l.refuse(data, filepath.Base(data)), mend()); err != nil {
		return err
	}
	p, err := l.serve(data)
	if err != nil {
		return fmt.Errorf("mended: %w", err)
	}
	return errors.Join(l.verify(data, o), p.stop())
}

// fill starts the program, has n notifications of ld acknowledged and stops it.
func (l *lab) fill(data string, o *oracle, n int64, ld load) error {
	p, err := l.serve(data)
	if err != nil {
		return err
	}
	f := l.feed(p.receiver, o, ld)
	err = l.until(startLimit, fmt.Sprintf("%d notifications acknowledged", n), func() (bool, error) {
		return f.acknowledged.Load() >= n, nil
	})
	return errors.Join(err, f.stop(), p.stop())
}

// readOnly mounts the folder upon itself, so that it can only be read.
func (l *lab) readOnly(data string) (func() error, error) {
	if err := syscall.Mount(data, data, "", syscall.MS_BIND, ""); err != nil {
		return nil, fmt.Errorf("mount: %w", err)
	}
	mounted := true
	mend := func() error {
		if !mounted {
			return nil
		}
		return l.workshop.unmount(data, func() { mounted = false })
	}
	l.cleanup(mend)
	return mend, syscall.Mount("", data, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

// immutable forbids even root to change the database.
func (l *lab) immutable(data string) (func() error, error) {
	file := filepath.Join(data, "ppm.db")
	mend := func() error {
		_, err := l.tool("chattr", "-i", file)
		return err
	}
	if _, err := l.tool("chattr", "+i", file); err != nil {
		return nil, err
	}
	l.cleanup(mend)
	return mend, nil
}

// inUse starts another program on the folder.
func (l *lab) inUse(data string) (func() error, error) {
	p, err := l.serve(data)
	if err != nil {
		return nil, err
	}
	return p.stop, nil
}
