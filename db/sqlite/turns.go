package sqlite

import "time"

const (
	// It is a burst when there are so many acknowledgements within so long.
	burst     = 50
	burstTime = 50 * time.Millisecond

	// In a burst, what can wait rests so many times as long as it was written
	// for: it has a twentieth of the time, but no rest is longer than longestRest.
	restFactor  = 19
	longestRest = 100 * time.Millisecond
)

// turns decides when it is the turn of what can wait. Outside of a burst it
// always is. In one, whoever delivers would take half of the machine from those
// who wait for an acknowledgement; its work goes on, slowly, as long as that lasts.
type turns struct {
	since time.Time // the beginning of what acks counts
	acks  int
	burst bool      // the time before since was one
	rest  time.Time // the end of the last rest
}

// committed takes in a transaction that ended at now and holds so many
// acknowledgements, and for how long what could wait was written in it.
func (t *turns) committed(now time.Time, acks int, spent time.Duration) {
	t.acks += acks
	if length := now.Sub(t.since); length >= burstTime {
		t.burst = t.acks >= int(burst*length/burstTime)
		t.acks, t.since = 0, now
	}
	if spent > 0 {
		t.rest = now.Add(min(restFactor*spent, longestRest))
	}
}

// wait returns for how long, from now, what can wait has to.
func (t *turns) wait(now time.Time) time.Duration {
	if !t.burst || now.Sub(t.since) >= 2*burstTime {
		return 0
	}
	return t.rest.Sub(now)
}
