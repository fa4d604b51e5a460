//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// wrongs are mutants that go wrong after the acknowledgement, and what P5 is to
// say of each.
var wrongs = []struct {
	name    string
	changes []change
	words   string
}{
	// A client's refusal is taken for its word that it has it.
	{"careless", []change{{"delivery/attempt.go", `	response, err := o.deliver(ctx, s, d)
`, `	response, err := o.deliver(ctx, s, d)
	if s.Number != ppm.ClearmatchAPI {
		err = nil
	}
`}}, "never confirmed it"},

	// What is about one application goes out as it comes.
	{"unordered", []change{{"db/sqlite/line.go", `	if ordered {
		_, queued`, `	if ordered && client == 0 {
		_, queued`}}, "had been taken"},

	// One delivery in twenty is not known to be done.
	{"forgetful", []change{{"db/sqlite/record.go", `	if err := b.conclude(id, a, to); err != nil {`, `
	if to == stateDelivered && id%20 == 0 && a.Before.Attempts == 0 && a.Before.Client > 0 {
		to, a.After.NextAttempt = stateWaiting, a.After.Changed
	}
	if err := b.conclude(id, a, to); err != nil {`}}, "after it had confirmed them"},

	// Now and then the data is that of the application fetched before.
	{"mixed-up", []change{
		{"pipeline/last.go", "", "package pipeline\n\nimport \"sync/atomic\"\n\nvar last atomic.Pointer[[]byte]\n"},
		{"pipeline/lanes.go", `	r := ppm.Response{Data: text}`, `
	r := ppm.Response{Data: text}
	if before := last.Swap(&text); before != nil {
		r.Data = *before
	}`},
	}, "not that of its application"},
}

// p5b has the check of P5 look at programs that deliver wrongly.
func p5b(l *lab) error {
	right, dir := l.program, l.dir
	defer func() { l.program, l.dir = right, dir }()
	var caught []string
	err := l.each(func(cycle int) (err error) {
		wrong := wrongs[cycle%len(wrongs)]
		l.program, l.dir = right, dir
		if l.dir, err = l.folder(fmt.Sprintf("%s-%d", wrong.name, cycle)); err != nil {
			return err
		}
		if l.program, err = l.workshop.build(l, wrong.name, wrong.changes...); err != nil {
			return err
		}
		if err := l.someDeliveries(); err == nil || !strings.Contains(err.Error(), wrong.words) {
			return errors.Join(fmt.Errorf("of the mutant %q it was not said that it %q", wrong.name, wrong.words), err)
		}
		caught = append(caught, wrong.name)
		return nil
	})
	l.figures = nil
	l.figure("caught", strings.Join(caught, ", "), "")
	return err
}

// someDeliveries is P5 with a polite stop in the place of kills, and an API that
// is well: afterwards nothing has to wait for leases and long back-offs.
func (l *lab) someDeliveries() error {
	p, err := l.partner()
	if err != nil {
		return err
	}
	p.sinks.flaky.Store(true)
	service, err := l.serve(p.data)
	if err != nil {
		return err
	}
	f := l.feed(service.receiver, p.oracle, load{senders: 4, again: 0.3, reuse: true, pace: 10 * time.Millisecond})
	err = l.until(startLimit, "300 acknowledged", func() (bool, error) { return f.acknowledged.Load() >= 300, nil })
	if err := errors.Join(err, service.stop(), f.stop()); err != nil {
		return err
	}
	return p.settle(0)
}
