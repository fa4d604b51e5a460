package delivery

import (
	"errors"
	"time"

	"processmanager/ppm"
)

// probeLongest bounds the wait between probes of a lane that is down, so that
// it is soon noticed when it is up again, and what could be delivered does not
// wait long behind what cannot.
const probeLongest = 5 * time.Minute

// A health is how a lane has been doing: whether it is down, and until when
// nothing may begin.
type health struct {
	failing int // in a row, one after another

	// round is given to each attempt as it begins. Attempts that fail side by
	// side are of one round, and count once.
	round int

	probe moment // nothing begins before: a probe has failed
	later moment // nothing begins before: they asked for it
}

func (h *health) down() bool { return h.failing >= ppm.DownAfter }

// wait returns how long it is until something may begin; not positive: it may now.
func (h *health) wait(now moment) time.Duration {
	return max(now.until(h.probe), now.until(h.later))
}

// note takes in how an attempt of a round has ended.
func (h *health) note(a ppm.Attempt, round int, now moment, b ppm.Backoff, jitter float64) {
	var asked ppm.LaterError
	if errors.As(a.Err, &asked) {
		if until := now.add(min(asked.After, b.Longest)); until.mono.After(h.later.mono) {
			h.later = until
		}
	}
	failing := a.Failing(h.failing)
	switch {
	case failing == 0:
		h.failing, h.probe = 0, moment{}
	case failing > h.failing && round == h.round:
		h.failing = failing
		h.round++
		if h.down() {
			b.Longest = min(b.Longest, probeLongest)
			h.probe = now.add(b.After(failing-ppm.DownAfter+1, jitter))
		}
	}
}
