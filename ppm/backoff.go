package ppm

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// A Backoff says how long to wait between attempts.
type Backoff struct {
	First   time.Duration // after the first failure; doubles with each further one
	Longest time.Duration // but never longer than this
	GiveUp  time.Duration // since the first attempt; a failure later than this is the last, see [Backoff.Fewest]
}

// DefaultBackoff is that of a client for which nothing else is said.
var DefaultBackoff = Backoff{First: 5 * time.Second, Longest: time.Hour, GiveUp: 72 * time.Hour}

// After returns how long to wait after failed attempts have failed in a row.
// jitter, from 0 to 1, draws the wait from the upper half of what it would be,
// so that what failed together does not come back together.
func (b Backoff) After(failed int, jitter float64) time.Duration {
	wait := float64(b.First) * math.Pow(2, float64(max(0, min(failed, 64)-1)))
	wait = min(wait, float64(b.Longest))
	return time.Duration(wait/2 + wait/2*jitter)
}

// Fewest returns how many attempts must have failed before a delivery is given
// up on, however long ago the first one was: as many as it takes until the
// waits are the longest. On a computer that was off over a long weekend, or
// whose clock has jumped, time has passed in which nothing was tried.
func (b Backoff) Fewest() int {
	n := 1
	for wait := b.First; wait < b.Longest && wait > 0; wait *= 2 {
		n++
	}
	return n
}

// Check returns what is wrong with b, in words for whoever set it.
func (b Backoff) Check() error {
	switch {
	case b.First < time.Second:
		return fmt.Errorf("first wait %s: wait at least 1s between attempts", b.First)
	case b.Longest < b.First:
		return fmt.Errorf("longest wait %s: it cannot be shorter than the first, %s", b.Longest, b.First)
	case b.Longest > 24*time.Hour:
		return fmt.Errorf("longest wait %s: try at least once a day (24h)", b.Longest)
	case b.GiveUp < b.Longest:
		return fmt.Errorf("give up after %s: it cannot be sooner than the longest wait, %s", b.GiveUp, b.Longest)
	case b.GiveUp > 90*24*time.Hour:
		return fmt.Errorf("give up after %s: 2160h (90 days) at the most", b.GiveUp)
	}
	return nil
}

type backoffJSON struct {
	First   string `json:"first"`
	Longest string `json:"longest"`
	GiveUp  string `json:"giveUp"`
}

// MarshalJSON writes the times as people do: "5s", "1h0m0s".
func (b Backoff) MarshalJSON() ([]byte, error) {
	return json.Marshal(backoffJSON{b.First.String(), b.Longest.String(), b.GiveUp.String()})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (b *Backoff) UnmarshalJSON(text []byte) error {
	var j backoffJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	for _, f := range []struct {
		name, text string
		to         *time.Duration
	}{{"first", j.First, &b.First}, {"longest", j.Longest, &b.Longest}, {"giveUp", j.GiveUp, &b.GiveUp}} {
		d, err := time.ParseDuration(f.text)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		*f.to = d
	}
	return nil
}
