package receiver

import (
	"context"
	"net/netip"
	"sync"
)

// turns lets one at a time do something slow, and each neighbourhood only one
// of those who wait. Whoever comes while strangers crowd in therefore waits for
// one stranger of each neighbourhood at most, not for all of them.
type turns struct {
	door chan struct{} // holds one

	mu    sync.Mutex
	lanes map[netip.Prefix]*lane
}

// A lane is where those of one neighbourhood wait for each other.
type lane struct {
	head  chan struct{} // holds one
	users int           // guarded by turns.mu
}

func newTurns() *turns {
	return &turns{door: make(chan struct{}, 1), lanes: make(map[netip.Prefix]*lane)}
}

// take waits for n's turn, first come first served, and returns how to end it.
func (t *turns) take(ctx context.Context, n netip.Prefix) (done func(), err error) {
	t.mu.Lock()
	l := t.lanes[n]
	if l == nil {
		l = &lane{head: make(chan struct{}, 1)}
		t.lanes[n] = l
	}
	l.users++
	t.mu.Unlock()

	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(t.lanes, n)
		}
	}
	select {
	case l.head <- struct{}{}:
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
	select {
	case t.door <- struct{}{}:
	case <-ctx.Done():
		<-l.head
		leave()
		return nil, context.Cause(ctx)
	}
	return func() { <-t.door; <-l.head; leave() }, nil
}
