package delivery

import (
	"context"
	"time"

	"processmanager/ppm"
)

const (
	// A lane claims ahead what its hands can do within this time, so that one
	// claim serves many deliveries, but so many a hand and so many in all.
	aheadTime    = 500 * time.Millisecond
	aheadPerHand = 8
	aheadMost    = 256

	// claimSpacing lies between claims of which the first found less than it
	// asked for, so that a storm of hints is none of claims.
	claimSpacing = 5 * time.Millisecond

	claimWaitMost = 10 * time.Second
)

// ahead returns how many to have claimed beyond what is being attempted.
func (l *lane) ahead() int {
	if l.took == 0 || l.health.down() {
		return 0
	}
	perHand := min(int64(aheadTime/l.took), aheadPerHand)
	return min(l.Concurrency*int(perHand), aheadMost)
}

// plan begins a claim if one is wanted now. Else it returns when to look again,
// from now; 0 if nothing but an event or mail can change anything.
func (l *lane) plan(now moment) time.Duration {
	if l.leaving || l.unkept > 0 {
		return 0
	}
	waiting := l.look || !l.due.IsZero()
	if wait := l.health.wait(now); wait > 0 {
		if !waiting {
			return 0
		}
		return min(wait, longestSleep)
	}
	paced := l.pace.wait(now.mono)
	if len(l.buffer) > 0 && paced > 0 {
		return paced
	}
	ahead := l.ahead()
	want := l.hands() - l.attempting + ahead - len(l.buffer)
	if !waiting || l.claiming || want <= 0 || len(l.buffer) > ahead/2 {
		return 0
	}
	at := l.due
	if l.look {
		at = now.mono
	}
	at = later(later(at, l.notBefore), now.mono.Add(paced))
	if wait := at.Sub(now.mono); wait > 0 {
		return wait
	}
	// What waits for the pace is left to the queue: leases do not wait.
	if want = min(want, l.pace.ready(now.mono)-len(l.buffer)); want > 0 {
		l.claim(now, want)
	}
	return 0
}

func (l *lane) claim(now moment, limit int) {
	lease := now.add(l.lease())
	horizon := max(l.Backoff.Longest, l.lease())
	l.claiming, l.look, l.due = true, false, time.Time{}
	number, ctx := l.Number, context.WithoutCancel(l.ctx) // so that nothing is claimed and not known
	go func() {
		claimed, next, err := l.o.Queue.Claim(ctx, number, now.wall, lease.wall, horizon, limit)
		l.events <- func() {
			l.claiming = false
			if err != nil {
				l.claimFailed(err)
			} else {
				l.claimed(claimed, lease, next)
				if len(claimed) < limit {
					l.notBefore = now.mono.Add(claimSpacing)
				}
			}
			l.settle()
		}
	}()
}

func (l *lane) claimed(claimed []ppm.Delivery, lease moment, next time.Time) {
	if l.claimWait > 0 {
		l.claimWait = 0
		l.o.Log.Info("deliveries are claimed again", "client", l.Name)
	}
	for _, d := range claimed {
		if h := l.held[d.DeliveryName]; h != nil {
			// The clock has jumped, and our lease looked as if it were over.
			// Not attempted again, but recorded under the new one.
			h.Delivery, h.lease = d, lease
			continue
		}
		h := &held{Delivery: d, lease: lease}
		l.held[d.DeliveryName] = h
		l.buffer = append(l.buffer, h)
	}
	if !next.IsZero() {
		l.dueAt(next)
	}
}

func (l *lane) claimFailed(err error) {
	if l.claimWait == 0 {
		l.o.Log.Error("deliveries could not be claimed; this is tried again until it works", "client", l.Name, "err", err)
	}
	l.claimWait = min(max(2*l.claimWait, time.Second), claimWaitMost)
	l.notBefore = time.Now().Add(l.claimWait)
	l.look = true
}

// dueAt takes in that something will be due at a time of the wall clock.
func (l *lane) dueAt(at time.Time) {
	now := l.o.now()
	wait := min(max(0, at.Sub(now.wall)), longestSleep)
	l.due = earlier(l.due, now.mono.Add(wait))
}
