package sqlite

import (
	"testing"
	"time"
)

// What can wait has to only in a burst of acknowledgements, and never for long.
func TestTurns(t *testing.T) {
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	var turns turns
	expect := func(what string, now time.Time, want time.Duration) {
		t.Helper()
		if got := max(0, turns.wait(now)); got != want {
			t.Errorf("%s: what can wait has to for %v, want %v", what, got, want)
		}
	}
	expect("nothing has happened", at(0), 0)
	for ms := range 60 {
		turns.committed(at(ms), 0, time.Millisecond)
	}
	expect("nobody waits for an acknowledgement", at(60), 0)
	for ms := 60; ms <= 160; ms += 10 {
		turns.committed(at(ms), 1, time.Millisecond)
	}
	expect("one acknowledgement in 10 ms", at(160), 0)
	for ms := 160; ms <= 260; ms++ {
		turns.committed(at(ms), 20, 0)
	}
	expect("a burst, before anything else was written", at(260), 0)
	turns.committed(at(260), 20, time.Millisecond)
	expect("a burst, after 1 ms of other work", at(260), 19*time.Millisecond)
	expect("the rest is over", at(279), 0)
	turns.committed(at(280), 20, time.Minute)
	expect("a burst, after a minute of other work", at(280), 100*time.Millisecond)
	for ms := 281; ms <= 400; ms++ {
		turns.committed(at(ms), 0, 10*time.Millisecond)
	}
	expect("the burst is over", at(400), 0)
}
