package backup

import (
	"context"
	"time"

	"processmanager/ppm"
)

const (
	// startGrace is left to the machine after a start.
	startGrace = 2 * time.Minute

	// longestSleep is the longest until it is noticed that the wall clock has
	// been changed, or that the machine was asleep: timers stand still meanwhile.
	longestSleep = 5 * time.Minute

	// retryWait lies between two tries of one that fails.
	retryWait = 30 * time.Minute
)

// A Schedule makes a backup every day.
type Schedule struct {
	Maker *Maker
	Daily time.Duration    // after midnight, by the clock on the wall
	Now   func() time.Time // that clock; nil: time.Now
}

// Run makes backups until ctx ends. One that fails is logged and tried again; it
// stops nothing. One that was missed, because nothing ran or the machine was
// asleep, is made soon afterwards.
func (s *Schedule) Run(ctx context.Context) error {
	wait := startGrace
	for {
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		wait = min(longestSleep, max(time.Second, s.Next().Sub(s.now())))
		if s.Next().After(s.now()) {
			continue
		}
		made, err := s.Maker.Make(ctx, "", "", nil)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.Maker.Log.Error("no backup could be made; this is tried again", "after", retryWait.String(), "err", err)
			wait = retryWait
		default:
			s.Maker.Log.Info("backup made and proven", "file", made.File, "bytes", made.Bytes, "notifications", made.Notifications)
		}
	}
}

func (s *Schedule) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Next returns when the next backup is due. It may be past.
func (s *Schedule) Next() time.Time {
	state, err := State(s.Maker.Dir)
	if err != nil {
		state = ppm.Backups{}
	}
	return due(state.Last, s.Daily, s.now())
}

// due returns when a backup is due after the last one: at the first such time
// of day that comes behind it, or now if there has been none. One that is said
// to be from the future, since the clock has been put back, counts as made now.
func due(last *ppm.Backup, daily time.Duration, now time.Time) time.Time {
	if last == nil {
		return now
	}
	after := last.At.In(now.Location())
	if after.After(now) {
		after = now
	}
	for day := 0; ; day++ {
		// By the calendar and not by adding hours: days have 23 to 25 of them.
		next := time.Date(after.Year(), after.Month(), after.Day()+day, int(daily/time.Hour), int(daily%time.Hour/time.Minute), 0, 0, now.Location())
		if next.After(after) {
			return next
		}
	}
}
