//go:build linux

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
)

// stored is a notification as the store tells it.
type stored struct {
	six
	receipt  string // "" when the source does not tell
	arrivals int
	first    hash   // of the body that came first
	further  []hash // of the bodies of the redeliveries; nil when the source does not tell
}

// A lostError is what must never be: an acknowledgement that did not hold.
type lostError struct {
	lost         int
	acknowledged int
	example      six
}

func (e *lostError) Error() string {
	return fmt.Sprintf("LOST: %d of %d acknowledged notifications are not in the store, for one %+v", e.lost, e.acknowledged, e.example)
}

// An inspection compares what a store has, row by row, with what was
// acknowledged: each notification there, once, with a body that was posted, and
// at least as many arrivals as acknowledgements.
type inspection struct {
	oracle       *oracle
	found        []bool // by number
	rows         int
	redeliveries int
	faults       []error // the first few
	more         int     // how many further ones there were
}

// inspect begins an inspection.
func (o *oracle) inspect() *inspection {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &inspection{oracle: o, found: make([]bool, len(o.sent))}
}

// row looks at one notification of the store.
func (i *inspection) row(row stored) {
	i.rows++
	i.redeliveries += row.arrivals - 1
	n, ok := i.oracle.number(row.six)
	if !ok || n >= len(i.found) {
		i.fault(fmt.Errorf("the store has a notification that nobody posted: %+v", row.six))
		return
	}
	if i.found[n] {
		i.fault(fmt.Errorf("the store has notification %d twice", n))
	}
	i.found[n] = true
	i.oracle.mu.Lock()
	defer i.oracle.mu.Unlock()
	if err := i.oracle.check(n, row); err != nil {
		i.fault(fmt.Errorf("notification %d, receipt %s: %w", n, row.receipt, err))
	}
}

func (i *inspection) fault(err error) {
	if len(i.faults) < 3 {
		i.faults = append(i.faults, err)
		return
	}
	i.more++
}

// end returns what was wrong, and a *lostError among it when acknowledged
// notifications with the number from or a higher one have not been seen.
func (i *inspection) end(from int) error {
	i.oracle.mu.Lock()
	defer i.oracle.mu.Unlock()
	var lost lostError
	for n := from; n < len(i.found); n++ {
		if sum(i.oracle.sent[n].acks) == 0 {
			continue
		}
		lost.acknowledged++
		if !i.found[n] {
			lost.lost++
			lost.example = i.oracle.nth(n)
		}
	}
	faults := i.faults
	if i.more > 0 {
		faults = append(faults, fmt.Errorf("and %d more", i.more))
	}
	if lost.lost > 0 {
		faults = append(faults, &lost)
	}
	return errors.Join(faults...)
}

// check compares one notification with what is known of it. o.mu is held.
func (o *oracle) check(n int, row stored) error {
	m := o.sent[n]
	var hashes [variants]hash
	for v := range hashes {
		hashes[v] = sha256.Sum256(o.body(n, v, m.size))
	}
	first := -1
	for v, h := range hashes {
		if row.first == h && m.posts[v] > 0 {
			first = v
		}
	}
	switch {
	case first < 0:
		return errors.New("its body is none that was posted")
	case m.first >= 0 && first != m.first:
		return errors.New("its body is not the one that came first")
	case m.receipt != "" && row.receipt != "" && m.receipt != row.receipt:
		return fmt.Errorf("the sender was told the receipt %s", m.receipt)
	case row.arrivals < sum(m.acks):
		return fmt.Errorf("%d arrivals kept, %d acknowledged", row.arrivals, sum(m.acks))
	case row.arrivals > sum(m.posts):
		return fmt.Errorf("%d arrivals kept, %d posted", row.arrivals, sum(m.posts))
	case row.further == nil:
		return nil
	case len(row.further) != row.arrivals-1:
		return fmt.Errorf("%d arrivals counted, %d kept", row.arrivals, len(row.further)+1)
	}
	var kept [variants]int
	kept[first]++
	for _, h := range row.further {
		for v := range hashes {
			if h == hashes[v] {
				kept[v]++
			}
		}
	}
	for v := range kept {
		if kept[v] < m.acks[v] || kept[v] > m.posts[v] {
			return fmt.Errorf("body %d: %d arrivals kept, %d acknowledged, %d posted", v, kept[v], m.acks[v], m.posts[v])
		}
	}
	return nil
}
