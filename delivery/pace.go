package delivery

import (
	"math"
	"time"
)

// A pace allows so many beginnings a minute, evenly spread: each uses a token,
// and tokens come back one by one. A tenth of a second's worth is kept, so that
// timers that fire late do not slow it down. It is the generic cell rate
// algorithm of ATM Forum TM 4.1, in whole nanoseconds.
type pace struct {
	every time.Duration // from token to token; 0: no limit
	most  int           // tokens
	full  time.Time     // when there will be that many again
}

// set changes the limit. What has been used stays used, but comes back as the
// new limit says: after one a minute, nobody who may do more waits a minute.
func (p *pace) set(perMinute int, now time.Time) {
	p.every, p.most = 0, 0
	if perMinute > 0 {
		p.every = time.Minute / time.Duration(perMinute)
		p.most = max(1, perMinute/600)
	}
	if full := now.Add(time.Duration(p.most) * p.every); p.full.After(full) {
		p.full = full
	}
}

// ready returns how many may begin now.
func (p *pace) ready(now time.Time) int {
	if p.every == 0 {
		return math.MaxInt
	}
	missing := max(0, p.full.Sub(now))
	return max(0, int((time.Duration(p.most)*p.every-missing)/p.every))
}

// wait returns how long it is until one may begin.
func (p *pace) wait(now time.Time) time.Duration {
	if p.ready(now) > 0 {
		return 0
	}
	return p.full.Sub(now) - time.Duration(p.most-1)*p.every
}

func (p *pace) take(now time.Time) {
	if p.every > 0 {
		p.full = later(p.full, now).Add(p.every)
	}
}
