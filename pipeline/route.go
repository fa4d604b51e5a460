package pipeline

import (
	"context"
	"errors"

	"processmanager/db"
	"processmanager/ppm"
)

const (
	// routeStep is how many notifications are looked at at a time.
	routeStep = 100

	// routeDecisions is about how many decisions are kept at a time: whoever
	// waits for an acknowledgement waits for that commit too.
	routeDecisions = 100
)

// route decides about notifications as they arrive, and sets the lanes when
// clients or rules have changed.
func (p *Pipeline) route(ctx context.Context) {
	arrivals, stop := p.Store.Watch(db.Arrivals)
	defer stop()
	settings, end := p.Store.Watch(db.Settings)
	defer end()
	var opened <-chan struct{}
	if p.Secrets != nil {
		opened = p.Secrets.Opened()
	}
	var c *choice
	for {
		if c == nil {
			var err error
			if c, err = p.settings(ctx); err != nil {
				if ctx.Err() != nil {
					return
				}
				p.Log.Error("clients and rules could not be read; this is tried again", "err", err)
				if !pause(ctx, retryWait) {
					return
				}
				continue
			}
		}
		if p.idle(c) { // a look at every arrival would cost more than the arrival
			select {
			case <-ctx.Done():
				return
			case <-settings:
				c = nil
			}
			continue
		}
		more, err := p.routeSome(ctx, c, settings)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, db.ErrOvertaken):
			c = nil // clients or rules have changed
			continue
		case err != nil:
			p.Log.Error("notifications could not be routed; this is tried again", "err", err)
			if !pause(ctx, retryWait) {
				return
			}
		}
		if err != nil || more {
			select {
			case <-opened:
				c = nil
			case <-opened:
				c = nil
			default:
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-arrivals:
		case <-settings:
			c = nil
		case <-opened:
			c = nil
		}
	}
}

// settings reads clients and rules anew, sets the lanes by them and says
// whether there is anything to do at all.
func (p *Pipeline) settings(ctx context.Context) (*choice, error) {
	clients, err := p.Store.Clients(ctx)
	if err != nil {
		return nil, err
	}
	subscriptions, err := p.Store.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	health, err := p.Store.Fetching(ctx)
	if err != nil {
		return nil, err
	}
	c := newChoice(clients, subscriptions, p.Fetch != nil, p.Log)
	lanes := p.lanes.set(p, clients)
	if p.Secrets == nil || p.Secrets.Fetching() {
		lanes = append(lanes, p.fetching(c, health.Failing))
	}
	p.engine.Set(lanes)
	if err := p.Store.Idle(ctx, p.idle(c)); err != nil && !errors.Is(err, db.ErrOvertaken) {
		return nil, err // overtaken: a client has just come, and Settings says so
	}
	return c, nil
}

// idle reports whether nobody wants anything.
func (p *Pipeline) idle(c *choice) bool { return len(c.clients) == 0 && p.Fetch == nil }

// routeSome decides about the next notifications and says whether there may be
// more. It is [db.ErrOvertaken] if the settings have changed: whoever was there
// when these were accepted is to have them.
func (p *Pipeline) routeSome(ctx context.Context, c *choice, settings <-chan struct{}) (more bool, err error) {
	next, err := p.Store.Unrouted(ctx, routeStep)
	if err != nil || len(next) == 0 {
		return false, err
	}
	select {
	case <-settings:
		return false, db.ErrOvertaken
	default:
	}
	var routes []ppm.Route
	decisions := 0
	for i, n := range next {
		r := ppm.Route{Receipt: n.Receipt, Fetch: p.Fetch != nil, Decisions: c.decide(n, nil)}
		routes = append(routes, r)
		decisions += 1 + len(r.Decisions)
		if decisions < routeDecisions && i < len(next)-1 {
			continue
		}
		if err := p.Store.Route(ctx, routes); err != nil {
			return false, err
		}
		routes, decisions = routes[:0], 0
	}
	return len(next) == routeStep, nil
}
