//go:build linux

package main

import (
	"errors"
	"fmt"
)

// The mutants: each breaks one promise in the source.
var (
	// normal leaves it to the system when a commit reaches the disk.
	normal = change{"db/sqlite/open.go", "_journal_mode=WAL&_synchronous=FULL", "_journal_mode=WAL&_synchronous=NORMAL"}

	// unnoticed keeps the program from reading that back.
	unnoticed = change{"db/sqlite/open.go", `is("2"), "2 (FULL)"`, `is("1"), "1"`}

	// early answers when nothing is committed, and commits a moment later.
	early = change{"db/sqlite/writer.go", `	if _, err := b.exec("COMMIT"); err != nil {`, `
	for _, c := range changes {
		if c.apply != nil {
			c.done <- nil
		}
	}
	time.Sleep(2 * time.Millisecond)
	if _, err := b.exec("COMMIT"); err != nil {`}
)

// p2bNormal has P2 look at a program that leaves syncing to chance. P1 cannot
// see that: what has been written outlives its process, synced or not.
func p2bNormal(l *lab) error {
	return l.caught("normal", []change{normal, unnoticed}, func() error { return l.powerCuts("ext4") })
}

// p2bEarlyKilled has P1 look at a program that answers before it commits. It
// takes a kill between the two, so that not every cycle sees it.
func p2bEarlyKilled(l *lab) error {
	return l.caught("early", []change{early}, func() error { return l.kills(usual) })
}

// p2bEarlyCut has P2 look at the same.
func p2bEarlyCut(l *lab) error {
	return l.caught("early", []change{early}, func() error { return l.powerCuts("ext4") })
}

// caught builds a mutant and wants look to find that it loses notifications.
func (l *lab) caught(name string, changes []change, look func() error) error {
	mutant, err := l.workshop.build(l, name, changes...)
	if err != nil {
		return err
	}
	l.program = mutant
	err = look()
	var lost *lostError
	if !errors.As(err, &lost) {
		return errors.Join(fmt.Errorf("the mutant %q was not seen to lose anything in %d cycles", name, l.done), err)
	}
	l.done++ // the one that caught it
	l.figures = nil
	l.figure("caught in cycle", l.done, "")
	l.figure("lost by the mutant", lost.lost, "")
	return nil
}
