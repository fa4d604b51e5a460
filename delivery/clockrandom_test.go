package delivery_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"processmanager/ppm"
)

// Whatever the clock does and whenever, each attempt is kept, none is made
// before its time unless the clock has jumped, and none waits longer than the
// longest back-off, from the attempt or the jump before it.
func TestP10WheneverTheClockJumps(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		hands := rapid.IntRange(1, 4).Draw(r, "hands")
		failures := rapid.SliceOfN(rapid.IntRange(0, 10), 1, 6).Draw(r, "failures") // too few to give up, even a year on
		took := rapid.SliceOfN(rapid.IntRange(0, 29_000), 1, 20).Draw(r, "attempts take, ms")
		pauses := rapid.SliceOfN(rapid.IntRange(1, 7200), 0, 8).Draw(r, "jumps after, s")
		by := rapid.SliceOfN(rapid.OneOf(
			rapid.SampledFrom([]time.Duration{-24 * time.Hour, -time.Hour, time.Hour, 365 * 24 * time.Hour, -365 * 24 * time.Hour}),
			rapid.Custom(func(r *rapid.T) time.Duration {
				return time.Duration(rapid.Int64Range(-int64(3*time.Hour), int64(3*time.Hour)).Draw(r, "ns"))
			})), len(pauses), len(pauses)).Draw(r, "by")

		var calls []call
		fails := make(map[ppm.DeliveryName]int)
		var jumped []time.Duration
		var kept, left int
		synctest.Test(t, func(t *testing.T) {
			q := new(queue)
			n := 0
			w := newWay(t, nil)
			w.answer = func(_ context.Context, p ppm.Parcel) (ppm.Response, error) {
				w.mu.Lock()
				n++
				takes := time.Duration(took[n%len(took)]) * time.Millisecond
				w.mu.Unlock()
				time.Sleep(takes)
				if p.Failed < fails[p.DeliveryName] {
					return ppm.Response{Status: 1}, ppm.ParticularError{Err: errRefused}
				}
				return ppm.Response{Status: 200}, nil
			}
			for _, f := range failures {
				fails[q.add(1, "A1", time.Now())] = f
			}
			l := lane(w)
			l.Concurrency = hands
			e := start(t, q, l)
			for i, after := range pauses {
				pass(time.Duration(after) * time.Second)
				jumped = append(jumped, time.Since(w.began))
				e.wall.jump(by[i])
			}
			pass(24 * time.Hour)
			e.stop()
			calls, kept, left = w.calls, len(q.attempts()), q.left()
		})

		if left != 0 || kept != len(calls) {
			r.Fatalf("%d left; %d attempts were made and %d kept", left, len(calls), kept)
		}
		// The longest that a client that is down is left alone, to notice the
		// jump, and for hands to become free.
		const slack = 5*time.Minute + time.Minute + time.Minute
		made := make(map[ppm.DeliveryName][]time.Duration)
		var failed time.Duration // the last one of whatever delivery began
		for _, c := range calls {
			var before, since time.Duration // the attempt before this one, and that or the last jump
			if n := len(made[c.name]); n > 0 {
				before = made[c.name][n-1]
			}
			since = before
			undisturbed := true
			for _, at := range jumped {
				if at >= before && at <= c.at {
					since, undisturbed = at, false
				}
			}
			if n := len(made[c.name]); n > 0 && undisturbed && c.at < before+min(5*time.Second<<(n-1), time.Hour) {
				r.Fatalf("%s was attempted at %v and %v: too soon", c.name.Key(), before, c.at)
			}
			if c.at > max(since, failed)+time.Hour+slack {
				r.Fatalf("%s was attempted at %v and %v, with jumps at %v: too late", c.name.Key(), before, c.at, jumped)
			}
			if len(made[c.name]) < fails[c.name] {
				failed = c.at
			}
			made[c.name] = append(made[c.name], c.at)
		}
	})
}
