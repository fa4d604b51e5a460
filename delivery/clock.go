package delivery

import "time"

// A moment is a point in time by two clocks. The wall clock is the queue's, and
// may be put forward or back at any time; the monotonic clock is the one that is
// waited on, but it may stand still while the machine sleeps.
type moment struct {
	mono time.Time // as time.Now gives it
	wall time.Time // without a monotonic reading, UTC
}

func (m moment) add(d time.Duration) moment {
	return moment{m.mono.Add(d), m.wall.Add(d)}
}

// until returns how long it is from m to later, by the clock that will be there
// first; not positive if one of them has been. The zero moment has always been.
func (m moment) until(later moment) time.Duration {
	return min(later.mono.Sub(m.mono), later.wall.Sub(m.wall))
}

// earlier returns the earlier of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
