package delivery

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"processmanager/ppm"
)

// attempt begins an attempt at h.
func (l *lane) attempt(h *held, now moment) {
	l.pace.take(now.mono)
	l.attempting++
	s, d, round := l.Lane, h.Delivery, l.health.round
	go func() {
		a := l.o.try(l.ctx, s, d)
		l.events <- func() { l.attempted(h, a, round) }
	}()
}

// attempted takes in what came of an attempt and has it recorded.
func (l *lane) attempted(h *held, a ppm.Attempt, round int) {
	l.attempting--
	if l.took == 0 {
		l.took = a.Took
	}
	l.took = max(1, (7*l.took+a.Took)/8)

	was := l.health.down()
	l.health.note(a, round, l.o.now(), l.Backoff, l.o.Jitter())
	switch is := l.health.down(); {
	case is && !was:
		l.o.Log.Error("client is down; it is tried with one delivery at a time", "client", l.Name, "next", l.health.probe.wall, "err", a.Err)
	case was && !is:
		l.o.Log.Info("client is up again", "client", l.Name)
	}

	a.Before.Claim = h.Claim // it may have been claimed again meanwhile
	l.record(h, a)
}

// try makes one attempt at d.
func (o Options) try(cut context.Context, s Lane, d ppm.Delivery) ppm.Attempt {
	ctx, cancel := context.WithTimeout(cut, s.Limit)
	defer cancel()
	began := o.now()
	response, err := o.deliver(ctx, s, d)
	if err != nil && cut.Err() != nil {
		err = ppm.ErrInterrupted
	} else if errors.Is(err, ppm.ErrInterrupted) {
		err = errors.New(err.Error()) // only we can say that; else it would be tried without end
	}
	ended := o.now()
	return ppm.Attempt{
		Before:   d,
		After:    d.Attempted(began.wall, ended.wall, err, s.Backoff, o.Jitter()),
		Began:    began.wall,
		Took:     ended.mono.Sub(began.mono),
		Response: response,
		Err:      err,
	}
}

// deliver loads what goes along and hands it to the lane's way.
func (o Options) deliver(ctx context.Context, s Lane, d ppm.Delivery) (r ppm.Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			o.Log.Error("panic in an attempt", "notification", d.Receipt, "delivery", d.Key(), "client", s.Name, "err", v, "stack", string(debug.Stack()))
			r, err = ppm.Response{}, ppm.ParticularError{Err: fmt.Errorf("a fault of this program: panic: %v", v)}
		}
	}()
	p, err := o.Queue.Load(ctx, d)
	if err != nil {
		return ppm.Response{}, ppm.ParticularError{Err: fmt.Errorf("load what is to be delivered: %w", err)}
	}
	r, err = s.Way.Deliver(ctx, p)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		err = fmt.Errorf("no answer within %s", inWords(s.Limit))
	}
	return r, err
}

// inWords returns d as people write it: "30s", "10m", not "10m0s".
func inWords(d time.Duration) string {
	switch {
	case d%time.Minute != 0:
		return d.String()
	case d%time.Hour != 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%dh", d/time.Hour)
}
