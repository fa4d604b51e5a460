package pipeline

import (
	"context"
	"io"
	"log/slog"
	"sync"

	"processmanager/delivery"
	"processmanager/ppm"
)

// A replaceable is a way to a client that another can take the place of while
// attempts are being made. The old one is closed when the last of those that it
// had in hand is over.
type replaceable struct {
	log *slog.Logger

	mu      sync.Mutex // guards inForce
	inForce *used
}

// used is a way and how many attempts it has in hand, of which there is one
// more while it is in force.
type used struct {
	delivery.Way
	hands int
}

func newReplaceable(way delivery.Way, log *slog.Logger) *replaceable {
	return &replaceable{log: log, inForce: &used{way, 1}}
}

// Deliver implements [delivery.Way].
func (r *replaceable) Deliver(ctx context.Context, p ppm.Parcel) (ppm.Response, error) {
	r.mu.Lock()
	way := r.inForce
	way.hands++
	r.mu.Unlock()
	defer r.leave(way)
	return way.Deliver(ctx, p)
}

// replace has what begins from now on take another way.
func (r *replaceable) replace(by delivery.Way) {
	r.mu.Lock()
	old := r.inForce
	r.inForce = &used{by, 1}
	r.mu.Unlock()
	r.leave(old)
}

// leave closes a way if it is in nobody's hands any more.
func (r *replaceable) leave(way *used) {
	r.mu.Lock()
	way.hands--
	last := way.hands == 0
	r.mu.Unlock()
	c, ok := way.Way.(io.Closer)
	if !last || !ok {
		return
	}
	if err := c.Close(); err != nil {
		r.log.Warn("a way to a client could not be closed", "err", err)
	}
}
