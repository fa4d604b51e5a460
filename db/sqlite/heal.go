package sqlite

import (
	"fmt"
	"slices"
	"time"

	"processmanager/db"
)

// After a failure the connection is opened anew: at once if somebody needs it,
// but not more often than minReopen; else by itself, ever more rarely.
const (
	minReopen = 250 * time.Millisecond
	maxReopen = 30 * time.Second
)

// ready returns nil if there is a working connection and, where changes need
// it, room on the disk.
func (w *writer) ready(changes []*change) error {
	if w.conn == nil {
		if time.Since(w.failedAt) < minReopen {
			return w.health()
		}
		if err := w.reopen(); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(changes, func(c *change) bool { return c.apply != nil }) {
		return nil
	}
	if err := w.wal.look(w.dir); err != nil {
		return w.fail(err)
	}
	return nil
}

// reopen opens the connection and proves that it can write durably.
func (w *writer) reopen() error {
	c, err := w.wal.open(w.dir)
	if err != nil {
		return w.fail(err)
	}
	w.conn, w.pause = c, 0
	w.mu.Lock()
	healed := w.fault != nil
	w.fault = nil
	w.mu.Unlock()
	if healed {
		w.log.Info("the store works again")
	}
	return nil
}

// fail gives up the connection and returns err as the callers shall see it.
// After an error of the disk nobody knows what a connection's cache is worth.
func (w *writer) fail(err error) error {
	if w.conn != nil {
		w.conn.close() // whatever it says, the connection is gone
		w.conn = nil
	}
	w.pause = min(maxReopen, max(time.Second, 2*w.pause))
	w.failedAt = time.Now()
	fault := fmt.Errorf("%w: %w", db.ErrUnavailable, plain(err))
	w.mu.Lock()
	first := w.fault == nil
	w.fault = fault
	w.mu.Unlock()
	if first {
		w.log.Error("nothing can be stored; senders are told to come back", "err", fault)
	}
	return fault
}
