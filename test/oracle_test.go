//go:build linux

package main

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
)

// acknowledge posts n new notifications and has them acknowledged.
func acknowledge(t *testing.T, o *oracle, n int) (rows []stored) {
	t.Helper()
	for range n {
		p := o.next(0)
		if err := o.acknowledged(p, &answer{"acknowledged", "r", false}); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, stored{six: p.nth(p.n), receipt: "r", arrivals: 1, first: sha256.Sum256(p.body()), further: []hash{}})
	}
	return rows
}

func inspected(o *oracle, rows []stored) error {
	seen := o.inspect()
	for _, row := range rows {
		seen.row(row)
	}
	return seen.end(0)
}

func TestInspectionFindsWhatIsWrong(t *testing.T) {
	for name, spoil := range map[string]func(rows []stored) []stored{
		"twice":            func(rows []stored) []stored { return append(rows, rows[0]) },
		"another body":     func(rows []stored) []stored { rows[1].first[0]++; return rows },
		"never posted":     func(rows []stored) []stored { rows[1].six = series("").nth(99); return rows },
		"another receipt":  func(rows []stored) []stored { rows[1].receipt = "s"; return rows },
		"too few arrivals": func(rows []stored) []stored { rows[1].arrivals = 0; return rows },
		"too many":         func(rows []stored) []stored { rows[1].arrivals = 2; return rows },
		"a changed member": func(rows []stored) []stored { rows[1].EventTime = "2026-01-01T00:00:00"; return rows },
	} {
		t.Run(name, func(t *testing.T) {
			o := new(oracle)
			rows := acknowledge(t, o, 5)
			if err := inspected(o, rows); err != nil {
				t.Fatalf("nothing is wrong: %v", err)
			}
			if err := inspected(o, spoil(rows)); err == nil {
				t.Error("not found")
			}
		})
	}
}

func TestInspectionFindsWhatIsLost(t *testing.T) {
	o := new(oracle)
	rows := acknowledge(t, o, 5)
	o.next(0) // posted and not acknowledged: it may be there or not
	err := inspected(o, slices.Delete(rows, 2, 3))
	var lost *lostError
	if !errors.As(err, &lost) || lost.lost != 1 || lost.acknowledged != 5 {
		t.Errorf("inspection: %v; want 1 of 5 lost", err)
	}
}

func TestAnswersThatCannotBeTrueAreFaults(t *testing.T) {
	o := new(oracle)
	acknowledge(t, o, 1)
	again := func() post { return o.repeat(0, 1) }
	for name, a := range map[string]answer{
		"a known one called new": {"acknowledged", "r", false},
		"another receipt":        {"acknowledged", "s", true},
		"another status":         {"fine", "r", true},
	} {
		if o.acknowledged(again(), &a) == nil {
			t.Errorf("%s: not a fault", name)
		}
	}
	if err := o.acknowledged(again(), &answer{"acknowledged", "r", true}); err != nil {
		t.Errorf("a redelivery: %v", err)
	}
	if o.acknowledged(o.next(0), &answer{"acknowledged", "q", true}) == nil {
		t.Error("a new one called a redelivery: not a fault")
	}
}

func TestNothingAnsweredInTheDarkIsBinding(t *testing.T) {
	o := new(oracle)
	p := o.next(0)
	o.darken(true)
	if err := o.acknowledged(p, &answer{"acknowledged", "r", false}); err != nil {
		t.Error(err)
	}
	if err := inspected(o, nil); err != nil {
		t.Error(err)
	}
}

func TestNumbersAndNotificationsAreInverse(t *testing.T) {
	for _, s := range []series{"", "http://127.0.0.1/v1/application/"} {
		for _, n := range []int{0, 1, 3, 4, 1_000_003} {
			if got, ok := s.number(s.nth(n)); !ok || got != n {
				t.Errorf("number of notification %d: %d, %v", n, got, ok)
			}
			if got, ok := series("elsewhere").number(s.nth(n)); ok {
				t.Errorf("notification %d has the number %d in a series with other addresses", n, got)
			}
		}
	}
}
