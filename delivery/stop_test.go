package delivery_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"processmanager/delivery"
	"processmanager/ppm"
)

// hangs answers when it is cut off.
func hangs(ctx context.Context, _ ppm.Parcel) (ppm.Response, error) {
	<-ctx.Done()
	return ppm.Response{}, ctx.Err()
}

// released fails the test unless every delivery is as if it had not been begun.
func released(t *testing.T, e *engine, q *queue, names ...ppm.DeliveryName) {
	t.Helper()
	for _, name := range names {
		if d := q.state(name); d.State != ppm.Waiting || d.Claim != 0 || d.Attempts != 0 || d.Failed != 0 || d.Error != "" || d.NextAttempt.After(e.wall.now()) {
			t.Errorf("%+v; want it released, and no failure", d)
		}
	}
	if kept := q.attempts(); len(kept) != 0 {
		t.Errorf("kept attempts %+v", kept)
	}
}

// touchesNothing fails the test if the queue or the way hears of an engine that has stopped.
func touchesNothing(t *testing.T, e *engine, q *queue, w *way, l ...func()) {
	t.Helper()
	claims, given, attempts := q.count(&q.claims), q.count(&q.given), len(w.times())
	for range 24 {
		e.Hint()
		for _, more := range l {
			more()
		}
		pass(time.Hour)
	}
	if q.count(&q.claims) != claims || q.count(&q.given) != given || len(w.times()) != attempts {
		t.Errorf("after Run had returned: %d claims, %d given back, %d attempts", q.count(&q.claims)-claims, q.count(&q.given)-given, len(w.times())-attempts)
	}
}

func TestStopCutsOffWhatDoesNotEndWithinTheGrace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, hangs)
		l := lane(w)
		l.Concurrency, l.Limit = 3, time.Hour
		var names []ppm.DeliveryName
		for range 10 {
			names = append(names, q.add(1, "A1", time.Now()))
		}
		e := start(t, q, l)
		pass(time.Minute)
		if most := w.busiest(); most != 3 {
			t.Fatalf("%d attempts are under way; want 3", most)
		}
		began := time.Now()
		e.stop()
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("Run returned after %v; want the grace, 10s", took)
		}
		released(t, e, q, names...)
		if e.log.count("attempt failed") != 0 || e.log.count("is down") != 0 {
			t.Errorf("being cut off counts as a failure:\n%s", &e.log.text)
		}
		touchesNothing(t, e, q, w, func() { e.Set(nil); e.Set([]delivery.Lane{l}) })
	})
}

// What ends in time is kept; what has only been claimed is given back at once.
func TestStopLetsAttemptsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(50*time.Millisecond, ppm.Response{Status: 200}, nil))
		for range 100 {
			q.add(1, "A1", time.Now())
		}
		l := lane(w)
		l.Concurrency = 2
		e := start(t, q, l)
		pass(time.Second + 25*time.Millisecond) // in the middle of one
		begun := len(w.times())
		e.stop()
		if n := len(w.times()); n != begun {
			t.Errorf("%d attempts begun after the stop", n-begun)
		}
		if took := time.Since(w.began); took != time.Second+50*time.Millisecond {
			t.Errorf("stopped after %v; want as soon as the attempts have ended", took)
		}
		if n := 100 - q.left(); n != begun {
			t.Errorf("%d delivered by %d attempts; want all kept", n, begun)
		}
		if q.count(&q.given) == 0 {
			t.Error("nothing was claimed ahead; this test shows nothing")
		}
		for _, r := range q.rows {
			if r.Claim != 0 {
				t.Errorf("%+v is still leased", r.Delivery)
			}
		}
		touchesNothing(t, e, q, w)
	})
}

// A claim that is under way may have succeeded: what it brings is given back.
func TestStopDuringAClaim(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		name := q.add(1, "A1", time.Now())
		q.claiming = func() error { time.Sleep(20 * time.Second); return nil }
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		e := start(t, q, lane(w))
		pass(time.Second)
		e.stop()
		if took := time.Since(w.began); took != 20*time.Second {
			t.Errorf("Run returned after %v; want the claim waited for", took)
		}
		released(t, e, q, name)
		if n := q.count(&q.given); n != 1 || len(w.times()) != 0 {
			t.Errorf("%d given back, %d attempts; want 1 and none", n, len(w.times()))
		}
		touchesNothing(t, e, q, w)
	})
}

// Nobody waits for a store that fails: after its lease the delivery is due again.
func TestStopWhileOutcomesCannotBeKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		q.add(1, "A1", time.Now())
		var tries atomic.Int64
		q.recording = func(ppm.Attempt) error { tries.Add(1); return errors.New("no space left on device") }
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		e := start(t, q, lane(w))
		pass(time.Second)
		before := tries.Load()
		began := time.Now()
		e.stop()
		if took, more := time.Since(began), tries.Load()-before; took != 0 || more != 1 {
			t.Errorf("Run returned after %v and %d more tries; want one at once", took, more)
		}
		if e.log.count("the outcome of an attempt is lost; it is attempted again") != 1 {
			t.Errorf("the log does not say so:\n%s", &e.log.text)
		}
		touchesNothing(t, e, q, w)
	})
}

// A store that is slow, at a checkpoint say, is waited for: what was delivered is kept.
func TestStopWaitsForOutcomesToBeKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		name := q.add(1, "A1", time.Now())
		q.recording = func(ppm.Attempt) error { time.Sleep(15 * time.Second); return nil }
		e := start(t, q, lane(newWay(t, always(0, ppm.Response{Status: 200}, nil))))
		pass(time.Second)
		e.stop()
		if d := q.state(name); d.State != ppm.Delivered {
			t.Errorf("%+v; want it delivered", d)
		}
	})
}

func TestStopWithNothingToDoIsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, hangs)
		e := start(t, q, lane(w))
		synctest.Wait()
		e.stop()
		if took := time.Since(w.began); took != 0 {
			t.Errorf("Run returned after %v", took)
		}
		touchesNothing(t, e, q, w)
	})
}

// From the store, what was cut off is begun anew by the next service at once,
// not when its lease would have ended, and nothing is kept of the first try.
func TestStopReleasesWhatIsInTheStore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, names := stored(t, 5, false)
		l := lane(newWay(t, hangs))
		l.Concurrency, l.Limit = 2, time.Hour
		e := start(t, s, l)
		pass(time.Minute)
		e.stop()
		w := newWay(t, always(0, ppm.Response{Status: 200}, nil))
		e = start(t, s, lane(w))
		pass(time.Second)
		e.stop()
		if len(w.times()) != len(names) {
			t.Errorf("attempts at %v; want %d at once", w.times(), len(names))
		}
		for _, name := range names {
			inStore(t, s, name, 1)
		}
	})
}
