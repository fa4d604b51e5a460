package backup

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"processmanager/ppm"
)

const ten = 2*time.Hour + 10*time.Minute // after midnight

func TestWhenABackupIsDue(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct{ what, last, now, due string }{
		{"made last night", "2026-11-25 02:10", "2026-11-25 12:00", "2026-11-26 02:10"},
		{"made by hand in the evening", "2026-11-24 22:00", "2026-11-25 01:00", "2026-11-25 02:10"},
		{"missed for a week", "2026-11-18 02:10", "2026-11-25 12:00", "2026-11-19 02:10"},
		{"clock put back by a year", "2027-11-25 02:10", "2026-11-25 12:00", "2026-11-26 02:10"},
		{"the night that has no 02:10", "2026-03-28 02:10", "2026-03-28 12:00", "2026-03-29 03:10"},
		{"the day after it", "2026-03-29 03:10", "2026-03-29 12:00", "2026-03-30 02:10"},
		{"the end of summer time", "2026-10-24 02:10", "2026-10-24 12:00", "2026-10-25 02:10"},
		{"once in the night that has 02:10 twice", "2026-10-25 03:30", "2026-10-25 04:00", "2026-10-26 02:10"},
	} {
		last := at(tt.last)
		if got := due(&ppm.Backup{At: last.UTC()}, ten, at(tt.now)); !got.Equal(at(tt.due)) {
			t.Errorf("%s: due at %v, want %s", tt.what, got, tt.due)
		}
	}
	if now := at("2026-11-25 12:00"); !due(nil, ten, now).Equal(now) {
		t.Error("the very first one is not due at once")
	}
}

// night runs a schedule in a bubble of time, in which the clock on the wall can be
// moved: asleep says how far it is ahead of the timers, which stand still meanwhile.
type night struct {
	s      *memory
	m      *Maker
	asleep atomic.Int64 // a duration
}

func run(t *testing.T, f func(t *testing.T, n *night)) {
	synctest.Test(t, func(t *testing.T) {
		n := &night{s: &memory{}}
		n.m = newMaker(t, n.s)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		schedule := &Schedule{Maker: n.m, Daily: ten, Now: func() time.Time { return time.Now().Add(time.Duration(n.asleep.Load())).UTC() }}
		go func() { done <- schedule.Run(ctx) }()
		synctest.Wait()
		f(t, n)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// pass lets time pass.
func (n *night) pass(d time.Duration) {
	time.Sleep(d) // of the bubble
	synctest.Wait()
}

// made returns when the last one was begun.
func (n *night) made(t *testing.T) time.Time {
	t.Helper()
	state, err := State(n.m.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if state.Last == nil {
		return time.Time{}
	}
	return state.Last.At
}

func TestABackupIsMadeSoonAfterTheFirstStartAndEveryNight(t *testing.T) {
	run(t, func(t *testing.T, n *night) { // the bubble begins at midnight
		n.pass(startGrace - time.Second)
		if at := n.made(t); !at.IsZero() {
			t.Errorf("one was made at %v, while the machine was starting", at)
		}
		n.pass(2 * time.Second)
		first := n.made(t)
		if first.IsZero() {
			t.Fatal("none was made after the start")
		}
		midnight := first.Truncate(24 * time.Hour)
		n.pass(2 * time.Hour)
		if at := n.made(t); !at.Equal(first) {
			t.Errorf("another one was made at %v", at)
		}
		for day := range 3 {
			n.pass(time.Until(midnight.AddDate(0, 0, day).Add(3 * time.Hour)))
			if at, want := n.made(t), midnight.AddDate(0, 0, day).Add(ten); at.Sub(want).Abs() > time.Second {
				t.Errorf("made at %v, want %v", at, want)
			}
		}
	})
}

func TestABackupMissedWhileAsleepIsMadeSoonAfterWaking(t *testing.T) {
	run(t, func(t *testing.T, n *night) {
		n.pass(time.Hour)
		first := n.made(t)
		n.asleep.Store(int64(9 * time.Hour)) // through 02:10
		n.pass(longestSleep + time.Second)
		state, err := State(n.m.Dir)
		if err != nil || state.Last == nil || state.Last.At.Equal(first) {
			t.Errorf("none was made within %v of waking: %+v, %v", longestSleep, state.Last, err)
		}
	})
}

func TestABackupThatFailsIsToldAndTriedAgain(t *testing.T) {
	run(t, func(t *testing.T, n *night) {
		n.s.fail(errors.New("disk I/O error"))
		n.pass(startGrace + time.Second)
		state, err := State(n.m.Dir)
		if err != nil || state.Failed == nil || state.Last != nil {
			t.Fatalf("after a failure: %+v, %v", state, err)
		}
		tried := state.Failed.At
		n.pass(retryWait / 2)
		if state, _ := State(n.m.Dir); !state.Failed.At.Equal(tried) {
			t.Error("it is tried again without a rest")
		}
		n.s.fail(nil)
		n.pass(retryWait)
		if state, _ := State(n.m.Dir); state.Failed != nil || state.Last == nil {
			t.Errorf("it was not tried again: %+v", state)
		}
	})
}
