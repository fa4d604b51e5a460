package delivery

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Options are what an engine needs.
type Options struct {
	Queue  Queue
	Log    *slog.Logger
	Now    func() time.Time // the wall clock, by which the queue says what is due; nil: time.Now
	Jitter func() float64   // from 0 to 1, for [ppm.Backoff.After]; nil: drawn anew each time
	Grace  time.Duration    // how long attempts may go on after Run was told to stop; 0: 10 seconds
}

// now returns the present by both clocks.
func (o Options) now() moment {
	return moment{mono: time.Now(), wall: o.Now().Round(0).UTC()}
}

// An Engine works off the deliveries of its lanes. All methods may be called
// concurrently.
//
// While it runs it makes no two attempts at one delivery at the same time,
// whatever the clock does. Each outcome is recorded; where that could not be
// done before the lease was over, or the process was killed, the delivery is
// attempted again.
type Engine struct {
	o Options

	mu    sync.Mutex // guards what follows; taken before a lane's
	lanes map[int64]*lane
	start func(*lane) // nil while Run is not running

	running sync.WaitGroup // lanes; added to under mu
}

// New returns an engine that has no lanes.
func New(o Options) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	return &Engine{o: o, lanes: make(map[int64]*lane)}
}

// Run works until ctx has ended. Then nothing more begins; attempts under way
// may end within the grace, are cut off after it, and count for nothing if they
// were. It returns nil when everything it started has finished. It is called once.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	e.start = func(l *lane) { e.running.Go(func() { l.run(ctx) }) }
	for _, l := range e.lanes {
		e.start(l)
	}
	e.mu.Unlock()

	<-ctx.Done()
	e.mu.Lock()
	e.start = nil
	e.mu.Unlock()
	e.running.Wait()
	return nil
}

// Set says which lanes there are, at any time. A lane that there was already,
// by its number, goes on with its new settings from the next attempt on. One
// that is gone finishes what is under way and gives back the rest.
func (e *Engine) Set(lanes []Lane) {
	e.mu.Lock()
	defer e.mu.Unlock()
	stay := make(map[int64]bool, len(lanes))
	for _, s := range lanes {
		s = s.checked()
		stay[s.Number] = true
		if l := e.lanes[s.Number]; l != nil {
			l.tell(func(m *mail) { m.settings, m.gone = s, false })
			continue
		}
		l := newLane(e, s)
		e.lanes[s.Number] = l
		if e.start != nil {
			e.start(l)
		}
	}
	for number, l := range e.lanes {
		switch {
		case stay[number]:
		case e.start == nil:
			delete(e.lanes, number)
		default:
			l.tell(func(m *mail) { m.gone = true })
		}
	}
}

// Hint says that something may be due that was not. It never waits; many hints
// are as good as one.
func (e *Engine) Hint() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.lanes {
		l.tell(func(m *mail) { m.look = true })
	}
}

// left takes a lane out that has finished, unless it has been set again.
func (e *Engine) left(l *lane) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mail.gone {
		delete(e.lanes, l.Number)
	}
	return l.mail.gone
}
