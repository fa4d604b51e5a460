//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// p10Random is how many random series of jumps a cycle makes.
const p10Random = 200

// The mutants of P10: each is harmed by a clock that jumps.
var (
	// postponed waits for a time that was written down before the clock was put back.
	postponed = change{"delivery/claim.go", "horizon := max(l.Backoff.Longest, l.lease())", "horizon := time.Duration(1 << 62)"}

	// twice believes a lease to be over when the wall clock says so.
	twice = change{"delivery/claim.go", "if h := l.held[d.DeliveryName]; h != nil {", "if h := l.held[d.DeliveryName]; false {"}
)

// p10 has clocks jump in virtual time, which only a test from inside can do: it
// runs those of package delivery that are named for P10, over its own queue and
// over the store, and wants them to find the mutants out.
func p10(l *lab) error {
	passed, out, err := l.clockTests("clocks", nil)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, tail(out))
	}
	if passed == 0 {
		return errors.New("no test is named for P10")
	}
	l.figure("tests", passed, "")
	l.figure("random series of jumps", p10Random*l.cycles, "")
	mutants := map[string]change{"postponed": postponed, "twice": twice}
	for name, mutant := range mutants {
		_, out, err := l.clockTests(name, []change{mutant})
		var exit *exec.ExitError
		switch {
		case err == nil:
			return fmt.Errorf("the mutant %q was not found out", name)
		case !errors.As(err, &exit) || !strings.Contains(out, "--- FAIL: TestP10"):
			return fmt.Errorf("the mutant %q: %w\n%s", name, err, tail(out))
		}
	}
	l.figure("mutants found out", len(mutants), "")
	l.done = l.cycles
	return nil
}

// clockTests runs the tests of P10 with the changes made.
func (l *lab) clockTests(name string, changes []change) (passed int, out string, err error) {
	listed, err := l.workshop.overlay(name, changes)
	if err != nil {
		return 0, "", err
	}
	cmd := exec.CommandContext(l, "go", "test", "-overlay", listed, "-count=1", "-v", "-run", "^TestP10", "./delivery",
		"-rapid.nofailfile", "-rapid.checks="+strconv.Itoa(p10Random*l.cycles))
	cmd.Dir = l.workshop.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := cmd.CombinedOutput()
	return strings.Count(string(said), "--- PASS: TestP10"), string(said), err
}
