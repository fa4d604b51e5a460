package receiver

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

const (
	freeGuesses  = 10                     // wrong passwords in a row that cost no wait
	guessEvery   = 200 * time.Millisecond // afterwards, what each has to wait for
	longestWait  = 2 * time.Second        // nobody's answer waits longer
	guessersKept = 10_000                 // neighbourhoods remembered
)

// A throttle slows down those who send wrong passwords, each neighbourhood for
// itself. It never sees the right ones, so it cannot stand in their way. Its
// memory is bounded: the oldest half is dropped when it is full. The zero value
// is ready.
type throttle struct {
	mu sync.Mutex
	// Each entry is the time at which the guesses so far are paid off, at one
	// every guessEvery.
	young, old map[netip.Prefix]time.Time
}

// wrong notes a wrong password from n and returns how long its answer must
// wait. It reports false when the wait would be too long to hold a connection
// for: the answer goes out at once then, and the connection ends.
func (t *throttle) wrong(n netip.Prefix) (wait time.Duration, ok bool) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	paid, known := t.young[n]
	if !known {
		paid = t.old[n]
	}
	if paid.Before(now) {
		paid = now
	}
	paid = paid.Add(guessEvery)
	wait = paid.Sub(now) - freeGuesses*guessEvery
	if wait > longestWait {
		return 0, false
	}
	t.remember(n, paid)
	return max(wait, 0), true
}

func (t *throttle) remember(n netip.Prefix, paid time.Time) {
	if _, known := t.young[n]; !known && len(t.young) >= guessersKept/2 {
		t.old, t.young = t.young, nil
	}
	if t.young == nil {
		t.young = make(map[netip.Prefix]time.Time)
	}
	t.young[n] = paid
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
