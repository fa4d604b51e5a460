package delivery

import (
	"context"
	"errors"
	"time"

	"processmanager/ppm"
)

const (
	recordWait     = 100 * time.Millisecond // to the second try; doubles
	recordWaitMost = 5 * time.Second
)

// giveBack gives up the lease of h, which has not been begun.
func (l *lane) giveBack(h *held) {
	now := l.o.now().wall
	l.record(h, ppm.Attempt{
		Before: h.Delivery,
		After:  h.Attempted(now, now, ppm.ErrInterrupted, l.Backoff, 0),
		Began:  now,
		Err:    ppm.ErrInterrupted,
	})
}

// record keeps what came of an attempt at h, and tries again while the lease
// lasts and the engine does not stop.
func (l *lane) record(h *held, a ppm.Attempt) {
	l.recording++
	lease := h.lease.mono // the wall clock may jump; while nobody else has claimed it, the lease is in force
	ctx := context.WithoutCancel(l.ctx)
	go func() {
		err := l.o.Queue.Record(ctx, a)
		retried := false
		for wait := recordWait; l.worthAgain(a, err, lease); wait = min(2*wait, recordWaitMost) {
			if !retried {
				retried = true
				failed := err
				l.events <- func() {
					l.unkept++
					l.o.Log.Error("the outcome of an attempt could not be kept; nothing more is attempted until it is", append(about(l.Name, a), "err", failed)...)
				}
			}
			select {
			case <-l.stopping:
			case <-time.After(wait):
			}
			err = l.o.Queue.Record(ctx, a)
		}
		l.events <- func() {
			l.recording--
			if retried {
				l.unkept--
			}
			l.recorded(h, a, err)
		}
	}()
}

// worthAgain reports whether an attempt should be recorded again after err. A
// delivery that was only to be given back is left to its lease.
func (l *lane) worthAgain(a ppm.Attempt, err error, lease time.Time) bool {
	if err == nil || errors.Is(err, ppm.ErrOvertaken) || errors.Is(a.Err, ppm.ErrInterrupted) {
		return false
	}
	select {
	case <-l.stopping:
		return false
	default:
		return time.Until(lease) > 0
	}
}

// recorded takes in that an attempt has been kept, or could not be.
func (l *lane) recorded(h *held, a ppm.Attempt, err error) {
	switch {
	case err == nil:
		l.logOutcome(a)
		if h.Claim != a.Before.Claim { // due at once, and claimed anew before we heard of it
			l.buffer = append(l.buffer, h)
			return
		}
		delete(l.held, h.DeliveryName)
		if a.After.NextAttempt.IsZero() {
			l.look = true // others of its application may have waited for it
		} else {
			l.dueAt(a.After.NextAttempt)
		}
	case errors.Is(err, ppm.ErrOvertaken):
		l.lost = append(l.lost, overtaken{h, a})
		if !l.claiming {
			l.settle()
		}
	default:
		if !errors.Is(a.Err, ppm.ErrInterrupted) {
			l.o.Log.Error("the outcome of an attempt is lost; it is attempted again", append(about(l.Name, a), "err", err)...)
		}
		delete(l.held, h.DeliveryName)
		l.dueAt(h.lease.wall)
	}
}

// An overtaken attempt could not be recorded because there was another lease.
type overtaken struct {
	h *held
	a ppm.Attempt
}

// settle decides about attempts that were overtaken, once it is known what has
// been claimed. If the other lease is ours too, they are recorded under it.
func (l *lane) settle() {
	lost := l.lost
	l.lost = nil
	for _, o := range lost {
		if o.a.Before.Claim != o.h.Claim {
			o.a.Before.Claim = o.h.Claim
			l.record(o.h, o.a)
			continue
		}
		l.o.Log.Info("attempt not kept: the delivery was changed meanwhile", about(l.Name, o.a)...)
		delete(l.held, o.h.DeliveryName)
	}
}

func (l *lane) logOutcome(a ppm.Attempt) {
	log := l.o.Log
	switch {
	case a.Err == nil:
		log.Info("delivered", about(l.Name, a)...)
	case errors.Is(a.Err, ppm.ErrInterrupted):
		log.Debug("delivery given back", about(l.Name, a)...)
	case a.After.State == ppm.GaveUp:
		log.Error("delivery given up", append(about(l.Name, a), "err", a.Err)...)
	default:
		log.Warn("attempt failed", append(about(l.Name, a), "next", a.After.NextAttempt, "err", a.Err)...)
	}
}

// about returns what a line about an attempt says at least.
func about(client string, a ppm.Attempt) []any {
	return []any{"notification", a.Before.Receipt, "delivery", a.Before.Key(), "client", client, "attempt", a.After.Attempts}
}
