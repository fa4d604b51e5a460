// Package pipeline is the partner's own process, after the acknowledgement: it
// has the application's data fetched, decides by the clients' rules who wants a
// notification, and has the deliveries made. It works on what the store holds
// and can be stopped, or killed, at any moment.
package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"processmanager/db"
	"processmanager/delivery"
	"processmanager/ppm"
)

// A Store is what the pipeline asks of the store; see package db for what each
// method promises.
type Store interface {
	delivery.Queue
	Watch(db.Topic) (hints <-chan struct{}, stop func())
	Idle(ctx context.Context, idle bool) error
	Unrouted(ctx context.Context, limit int) ([]ppm.Record, error)
	Route(ctx context.Context, routes []ppm.Route) error
	Clients(ctx context.Context) ([]ppm.Client, error)
	Subscriptions(ctx context.Context) ([]ppm.Subscription, error)
	Fetching(ctx context.Context) (ppm.ClientHealth, error)
	Expire(ctx context.Context, now time.Time, r ppm.Retention) (e ppm.Erased, more bool, err error)
}

// A Fetcher gets the application's data that a notification's content is the
// address of. A [ppm.PermanentError] says that it will never be had, a
// [ppm.LaterError] when to ask again. It may be called concurrently.
type Fetcher interface {
	Fetch(ctx context.Context, content string) (data []byte, err error)
}

// Secrets tell when something can be read again that could not be.
type Secrets interface {
	// Fetching reports whether the API's secret can be read. While it cannot,
	// nothing is fetched, and what needs it waits.
	Fetching() bool

	// Opened receives, with room for one hint, after more secrets can be read
	// than before: the clients' or the API's.
	Opened() <-chan struct{}
}

// Options are what a pipeline needs; Fetch, Secrets and Log may be left out.
type Options struct {
	Store     Store
	Fetch     Fetcher // nil: no API is configured, and nothing waits for data
	Secrets   Secrets // nil: nothing ever waits for a secret
	Open      func(ppm.Client) (delivery.Way, error)
	Limit     func(ppm.Client) time.Duration // for one attempt
	Retention ppm.Retention
	Log       *slog.Logger
}

// A Pipeline is the process. [Pipeline.Run] runs it, once.
type Pipeline struct {
	Options
	engine *delivery.Engine
	lanes  lanes
}

// New returns a pipeline; it starts nothing.
func New(o Options) *Pipeline {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pipeline{Options: o}
	p.engine = delivery.New(delivery.Options{Queue: o.Store, Log: o.Log})
	p.lanes.open = make(map[int64]opened)
	return p
}

// Prepare has the store keep for the pipeline what arrives from now on. It is
// called before notifications are let in: while the store believes that nobody
// wants anything, it takes them for complete as they arrive.
func (p *Pipeline) Prepare(ctx context.Context) error {
	if p.Fetch == nil {
		return nil // saving a client has done it, if there is one
	}
	return p.Store.Idle(ctx, false)
}

// Run works until ctx ends, and returns when everything it started has finished.
// What the store cannot do now is tried again later.
func (p *Pipeline) Run(ctx context.Context) error {
	defer p.lanes.close()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.engine.Run(ctx) })
	group.Go(func() error { p.route(ctx); return nil })
	group.Go(func() error { p.hint(ctx); return nil })
	group.Go(func() error { p.forget(ctx); return nil })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	return nil
}

// hint tells the engine when deliveries may have become due.
func (p *Pipeline) hint(ctx context.Context) {
	due, stop := p.Store.Watch(db.Deliveries)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-due:
			p.engine.Hint()
		}
	}
}

// retryWait is how long to wait after the store could not do something.
const retryWait = 5 * time.Second

// pause waits for d; false if ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
