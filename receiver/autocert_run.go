package receiver

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// orderBackoff is how long to wait after so many attempts in a row have failed,
// the last one for all that follow. Authorities allow few: Let's Encrypt five
// failed validations for a name and hour.
var orderBackoff = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour}

const (
	// orderTime is how long an attempt may take.
	orderTime = 3 * time.Minute
	// watchEvery is how often Run looks at the clock although nothing is due:
	// a computer that slept has timers that know nothing of it.
	watchEvery = time.Hour
	// rehearseEvery is how often clients of each kind are tried out in memory.
	rehearseEvery = 24 * time.Hour
)

// progress is how far the ordering has come.
type progress struct {
	ordering  bool
	tried     time.Time // when the last attempt ended
	failures  int       // in a row
	notBefore time.Time // the earliest time for the next attempt
	err       error     // why the last one failed; nil: it did not
	problem   string    // the authority's word for that
}

// A request is somebody's wish that it be tried now.
type request struct {
	at   time.Time
	done chan<- error
}

// Run orders certificates when they are due, warns when their life is running
// out, and lets clients of each kind rehearse, until ctx ends.
func (a *Autocert) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	if a.own != nil {
		beside.Go(func() { _ = a.own.Run(ctx) }) // which is nil
	}
	if a.last != nil {
		beside.Go(func() { _ = a.last.Run(ctx) })
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var rehearsed time.Time
	for {
		if now := time.Now(); now.Sub(rehearsed) >= rehearseEvery {
			a.rehearse(now)
			rehearsed = now
		}
		a.kept.save()
		a.told.tell(a.log, a.CertificateStatus())
		timer.Reset(a.pause(time.Now()))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			if !time.Now().Before(a.next()) {
				a.attempt(ctx)
				rehearsed = time.Time{}
			}
		case r := <-a.asked:
			if a.wanted(r.at) {
				a.attempt(ctx)
				rehearsed = time.Time{}
			}
			a.kept.save()
			r.done <- a.outcome()
		}
	}
}

// Renew has Run try now if a certificate is missing or due, whatever the
// back-off, and returns how that ended.
func (a *Autocert) Renew(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case a.asked <- request{time.Now(), done}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// outcome returns what is wrong after an attempt.
func (a *Autocert) outcome() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.progress.err, a.kept.trouble())
}

// wanted reports whether something is to be ordered, and no attempt has ended
// since the wish was made.
func (a *Autocert) wanted(at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.overdue(time.Now())) > 0 && !a.progress.tried.After(at)
}

// overdue returns the kinds that are to be ordered at now: none, or those that
// are due and those that soon will be, so that they stay together.
func (a *Autocert) overdue(now time.Time) []*kind {
	if now.Before(a.due()) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.kinds), func(k *kind) bool {
		cert := k.cert.Load()
		return cert != nil && now.Before(time.Unix(0, k.due.Load()).Add(-lifeOf(cert.Leaf)/6))
	})
}

// due returns when the first of the certificates is to be ordered.
func (a *Autocert) due() time.Time {
	first := a.kinds[0].due.Load()
	for _, k := range a.kinds[1:] {
		first = min(first, k.due.Load())
	}
	return time.Unix(0, first)
}

// next returns when the next attempt is due.
func (a *Autocert) next() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.nextLocked()
}

func (a *Autocert) nextLocked() time.Time {
	if due := a.due(); due.After(a.progress.notBefore) {
		return due
	}
	return a.progress.notBefore
}

// pause returns how long after now there is something to do or to say.
func (a *Autocert) pause(now time.Time) time.Duration {
	wait := min(watchEvery, max(0, a.next().Sub(now)))
	for _, k := range a.kinds {
		cert := k.cert.Load()
		if cert == nil {
			continue
		}
		for _, at := range []time.Time{alarmAt(cert.Leaf), cert.Leaf.NotAfter} {
			if after := at.Sub(now); after >= 0 {
				wait = min(wait, after+time.Millisecond)
			}
		}
	}
	return wait
}

// attempt orders what is overdue, and notes how it went.
func (a *Autocert) attempt(ctx context.Context) {
	a.mu.Lock()
	a.progress.ordering = true
	a.mu.Unlock()
	limit, cancel := context.WithTimeout(ctx, orderTime)
	err := a.orderAll(limit)
	cancel()
	now := time.Now()

	a.mu.Lock()
	defer a.mu.Unlock()
	p := &a.progress
	p.ordering, p.tried = false, now
	if err == nil {
		*p = progress{tried: now}
		return
	}
	if ctx.Err() != nil {
		return // we stop, which is nobody's failure
	}
	wait := orderBackoff[min(p.failures, len(orderBackoff)-1)]
	p.failures++
	p.err, p.problem = err, ""
	var r *refusal
	if errors.As(err, &r) {
		p.problem, wait = r.word, max(wait, r.wait)
	}
	p.notBefore = now.Add(wait)
	a.log.Warn("certificate not issued", "domain", a.set.Domain, "attempt", p.failures, "next", p.notBefore.UTC().Truncate(time.Second), "err", err)
}
