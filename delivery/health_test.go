package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"processmanager/delivery"
	"processmanager/ppm"
)

const (
	saysDown = `level=ERROR msg="client is down; it is tried with one delivery at a time" client=billing`
	saysUp   = `level=INFO msg="client is up again" client=billing`
)

// flaky answers well unless it is told to fail.
type flaky struct {
	failure atomic.Pointer[error]
	after   atomic.Int64
}

func (f *flaky) fail(err error) { f.failure.Store(&err) }

func (f *flaky) answer(context.Context, ppm.Parcel) (ppm.Response, error) {
	time.Sleep(time.Duration(f.after.Load()))
	if err := f.failure.Load(); err != nil && *err != nil {
		return ppm.Response{}, *err
	}
	return ppm.Response{Status: 200}, nil
}

// Who does not answer is asked by one delivery at a time, ever more rarely, but
// at least every five minutes; who answers again gets all that has waited.
func TestAClientThatIsDownIsProbed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		f := new(flaky)
		f.fail(errRefused)
		w := newWay(t, f.answer)
		for i := range 200 {
			q.add(1, fmt.Sprint("A", i), time.Now())
		}
		l := lane(w)
		l.Concurrency = 3
		e := start(t, q, l)
		pass(time.Second)
		if n := len(w.times()); n < ppm.DownAfter || n > ppm.DownAfter*3 {
			t.Errorf("%d attempts before it is down; want %d or so with 3 hands", n, ppm.DownAfter*3)
		}
		if e.log.count(saysDown) != 1 {
			t.Errorf("it is not said that it is down:\n%s", &e.log.text)
		}
		failed := len(w.times())
		w.busiest()
		given := q.count(&q.given)
		f.after.Store(int64(50 * time.Millisecond))
		for range 60 * 60 {
			e.Hint()
			pass(time.Second)
		}
		if n := q.count(&q.given) - given; n != 0 {
			t.Errorf("%d were claimed and given back; want nothing claimed but for a probe", n)
		}
		if most := w.busiest(); most != 1 {
			t.Errorf("%d probes at one time", most)
		}
		last := time.Duration(0)
		for i, at := range w.times()[failed:] {
			want := min(5*time.Second<<i, 5*time.Minute)
			if i > 0 {
				want += 50 * time.Millisecond // that the last one took
			}
			if wait := at - last; wait < want || wait > want+10*time.Millisecond {
				t.Errorf("probe %d came %v after the one before; want %v", i, wait, want)
			}
			last = at
		}

		f.fail(nil)
		f.after.Store(int64(10 * time.Millisecond))
		pass(6 * time.Minute)
		if most := w.busiest(); most != 3 {
			t.Errorf("%d attempts at one time now that it is up; want 3", most)
		}
		// All but those that failed before, which wait for their next attempt.
		if n := q.left(); n > failed {
			t.Errorf("%d left; want what has waited delivered", n)
		}
		pass(time.Hour)
		if n := q.left(); n != 0 {
			t.Errorf("%d left", n)
		}
		if e.log.count(saysDown) != 1 || e.log.count(saysUp) != 1 {
			t.Errorf("said %d times that it is down, %d times that it is up", e.log.count(saysDown), e.log.count(saysUp))
		}
	})
}

// A probe that takes all the time it may is still the only one.
func TestAProbeThatHangsIsTheOnlyOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, hangs)
		for range 50 {
			q.add(1, "A1", time.Now())
		}
		l := lane(w)
		l.Concurrency, l.Failing = 8, ppm.DownAfter
		e := start(t, q, l)
		for range 20 * 60 {
			e.Hint()
			pass(time.Second)
		}
		if most, n := w.busiest(), len(w.times()); most != 1 || n < 5 || n > 10 {
			t.Errorf("%d at one time, at %v; want a few probes one by one", most, w.times())
		}
	})
}

// What an earlier run has found out is not found out again with every hand.
func TestALaneThatWasDownBeginsWithOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		f := new(flaky)
		f.after.Store(int64(time.Second))
		w := newWay(t, f.answer)
		for range 33 {
			q.add(1, "A1", time.Now())
		}
		l := lane(w)
		l.Concurrency, l.Failing = 8, ppm.DownAfter+3
		e := start(t, q, l)
		pass(time.Second / 2)
		if most := w.busiest(); most != 1 {
			t.Errorf("%d attempts at first; want 1", most)
		}
		pass(5 * time.Second)
		if most := w.busiest(); most != 8 || q.left() != 0 || e.log.count(saysUp) != 1 {
			t.Errorf("%d at one time, %d left; want all hands as soon as the first one has been delivered", most, q.left())
		}
	})
}

// Attempts that fail side by side have one cause, and count once.
func TestFailingSideBySideCountsOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		f := new(flaky)
		f.fail(errRefused)
		f.after.Store(int64(time.Second))
		w := newWay(t, f.answer)
		for range 8 * (ppm.DownAfter - 1) {
			q.add(1, "A1", time.Now())
		}
		l := lane(w)
		l.Concurrency = 8
		e := start(t, q, l)
		pass((ppm.DownAfter-1)*time.Second + time.Second/2)
		if n := len(w.times()); n != 8*(ppm.DownAfter-1) || e.log.count(saysDown) != 0 {
			t.Errorf("down after %d attempts, 8 at a time", n)
		}
		f.fail(nil)
		pass(time.Hour)
		if q.left() != 0 || e.log.count(saysDown) != 0 || e.log.count(saysUp) != 0 {
			t.Errorf("%d left; it was down:\n%s", q.left(), &e.log.text)
		}
	})
}

// What lies in a delivery says nothing against the client.
func TestFailuresOfDeliveriesDoNotMakeAClientDown(t *testing.T) {
	for name, failure := range map[string]struct {
		status int
		err    error
	}{
		"exit status":   {1, ppm.ParticularError{Err: errors.New("exit status 1")}},
		"unreadable":    {0, ppm.ParticularError{Err: errors.New("its data cannot be read")}},
		"410":           {410, ppm.PermanentError{Err: errors.New("410 Gone")}},
		"not a number":  {422, ppm.PermanentError{Err: errors.New("422 Unprocessable Content")}},
		"never reached": {0, ppm.PermanentError{Err: errors.New("no such template")}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := new(queue)
				w := newWay(t, func(_ context.Context, p ppm.Parcel) (ppm.Response, error) {
					if p.Application == "bad" {
						return ppm.Response{Status: failure.status}, failure.err
					}
					return ppm.Response{Status: 200}, nil
				})
				for range 50 {
					q.add(1, "bad", time.Now())
				}
				good := q.add(1, "good", time.Now())
				e := start(t, q, lane(w))
				pass(10 * time.Millisecond)
				if d := q.state(good); d.State != ppm.Delivered {
					t.Errorf("%+v; want it delivered at once", d)
				}
				if e.log.count(saysDown) != 0 {
					t.Errorf("it was called down")
				}
			})
		})
	}
}

// Even a refusal shows that somebody is there again.
func TestAnAnswerAboutOneDeliveryEndsBeingDown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(0, ppm.Response{Status: 410}, ppm.PermanentError{Err: errors.New("410 Gone")}))
		for range 10 {
			q.add(1, "A1", time.Now())
		}
		l := lane(w)
		l.Failing = ppm.DownAfter
		e := start(t, q, l)
		pass(10 * time.Millisecond)
		if n := len(w.times()); n != 10 || e.log.count(saysUp) != 1 {
			t.Errorf("%d attempts; want 10 at once", n)
		}
	})
}

// Clients that are down leave those that are up alone.
func TestOneClientIsDownAndAnotherIsNot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		bad, good := newWay(t, always(0, ppm.Response{}, errRefused)), newWay(t, always(0, ppm.Response{Status: 200}, nil))
		for range 500 {
			q.add(1, "A1", time.Now())
			q.add(2, "A1", time.Now())
		}
		e := start(t, q, lane(bad), delivery.Lane{Number: 2, Name: "crm", Way: good, Backoff: backoff, Concurrency: 2})
		pass(time.Second)
		if n := len(good.times()); n != 500 {
			t.Errorf("%d delivered to the one that is up; want 500", n)
		}
		if n := len(bad.times()); n != ppm.DownAfter || e.log.count("is down") != 1 {
			t.Errorf("%d attempts at the one that is down; want %d", n, ppm.DownAfter)
		}
	})
}
