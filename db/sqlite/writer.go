package sqlite

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"processmanager/db"
)

const (
	// maxWaiting is how many may wait for the next commit; whoever comes after
	// is told to come back.
	maxWaiting = 8192

	// maxBatch is how many share one commit, and maxBytes how much, so that the
	// log can be looked after in between.
	maxBatch = 512
	maxBytes = 8 << 20

	// maxRows is how many rows one commit takes, beside those, from changes that
	// can wait: so much longer, and no more, is an acknowledgement on its way
	// while there is other work, and that work goes on under any load.
	maxRows = 200

	// settleAfter is how long nothing must have been written before the
	// write-ahead log is emptied.
	settleAfter = 2 * time.Second
)

// A writer is the one goroutine that writes, over the one connection that can.
// Whoever has something to write waits for the next commit together with all
// the others who came meanwhile; a lone one waits for nobody.
type writer struct {
	dir     string
	log     *slog.Logger
	watched watchers

	mu      sync.Mutex // guards what follows
	waiting []*change
	later   []*change // with rows: they can wait for others
	closing bool
	fault   error // why nothing can be written; nil: all is well

	wake chan struct{} // holds one hint that waiting, later or closing has changed
	done chan struct{} // closed when run has returned

	// Owned by run.
	conn     *conn // nil after a failure, until it has been opened anew
	failedAt time.Time
	pause    time.Duration // from failedAt to the next try that nobody asked for
	batch    batch
	wal      wal
	turns    turns
}

// A change is something to write. The writer applies it in a transaction with
// others and then sends how that ended to done.
type change struct {
	apply func(*batch) error
	// between, if not nil, is called instead of apply, after the transaction.
	between func(*conn) error
	bytes   int        // about how much it adds to the log, beyond a row
	rows    int        // about how many it writes, of a change that can wait; 0: nobody goes first
	done    chan error // holds one
}

// A batch is the transaction being written.
type batch struct {
	*conn
	redeliveries int64
	spent        time.Duration // in applying what could wait
	changed      topics
	sums
}

// newWriter opens the database, makes sure that what it acknowledges will be
// durable, and starts writing.
func newWriter(dir string, log *slog.Logger) (*writer, error) {
	w := &writer{dir: dir, log: log, wake: make(chan struct{}, 1), done: make(chan struct{})}
	c, err := w.wal.open(dir)
	if err != nil {
		return nil, err
	}
	w.conn = c
	go w.run()
	return w, nil
}

// do has change c written and returns once it is on disk, or why it is not.
func (w *writer) do(c *change) error {
	if err := w.enqueue(c); err != nil {
		return err
	}
	return <-c.done
}

// enqueue puts c among those waiting for the next commit. Unless it returns an
// error, c.done will receive.
func (w *writer) enqueue(c *change) error {
	w.mu.Lock()
	switch {
	case w.closing:
		w.mu.Unlock()
		return fmt.Errorf("%w: shutting down", db.ErrUnavailable)
	case len(w.waiting)+len(w.later) >= maxWaiting:
		w.mu.Unlock()
		return fmt.Errorf("%w: %d are waiting to be stored", db.ErrUnavailable, maxWaiting)
	}
	first := len(w.waiting) == 0 // the later ones may be resting
	if c.rows == 0 {
		w.waiting = append(w.waiting, c)
	} else {
		first = first && len(w.later) == 0
		w.later = append(w.later, c)
	}
	w.mu.Unlock()
	if first {
		w.hint()
	}
	return nil
}

func (w *writer) hint() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// health returns nil while writing works.
func (w *writer) health() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fault
}

// close has everything enqueued written and closes the connection.
func (w *writer) close() error {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.hint()
	<-w.done
	if w.conn == nil {
		return nil
	}
	return w.conn.close()
}

func (w *writer) run() {
	defer close(w.done)
	timer := time.NewTimer(0)
	<-timer.C
	var changes []*change
	for {
		clear(changes)
		if changes = w.take(changes[:0]); len(changes) > 0 {
			changes = w.write(changes)
			continue
		}
		if w.finished() {
			return
		}
		timer.Stop()
		resting := w.queue() > 0 // what can wait is left, and it is not its turn
		wait := w.untilChore()
		if resting {
			wait = max(time.Microsecond, w.turns.wait(time.Now()))
		}
		if wait > 0 {
			timer.Reset(wait)
		}
		select {
		case <-w.wake:
		case <-timer.C:
			if !resting {
				w.chore()
			}
		}
	}
}

// join appends to batch whoever comes as long as a turn of the others brings
// more: to wait for them costs less than one more fsync would. Where nobody
// else is at work it returns at once.
func (w *writer) join(batch []*change) []*change {
	const enough = 3 // turns that brought nobody
	for range enough {
		runtime.Gosched()
		if joined := w.take(batch); len(joined) > len(batch) {
			return joined
		}
	}
	return batch
}

// take appends to batch those who are waiting, as many as fit, and of those who
// can wait, if it is their turn, at least one to a commit.
func (w *writer) take(batch []*change) []*change {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting)+len(w.later) == 0 {
		return batch
	}
	bytes, rows := 0, 0
	for _, c := range batch {
		bytes += c.bytes
		rows += c.rows
	}
	n := 0
	for n < len(w.waiting) && len(batch) < maxBatch && bytes < maxBytes {
		bytes += w.waiting[n].bytes
		batch = append(batch, w.waiting[n])
		n++
	}
	w.waiting = slices.Delete(w.waiting, 0, n)
	if len(w.later) == 0 || !w.closing && w.turns.wait(time.Now()) > 0 {
		return batch
	}
	n = 0
	for n < len(w.later) && (rows == 0 || rows+w.later[n].rows <= maxRows && bytes < maxBytes) {
		rows, bytes = rows+w.later[n].rows, bytes+w.later[n].bytes
		batch = append(batch, w.later[n])
		n++
	}
	w.later = slices.Delete(w.later, 0, n)
	return batch
}

// queue returns how many are waiting.
func (w *writer) queue() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting) + len(w.later)
}

// finished reports whether nothing is left to do, ever.
func (w *writer) finished() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closing && len(w.waiting)+len(w.later) == 0
}

// untilChore returns how long to wait, while nobody writes, for the next thing
// to do unasked; 0: there is none.
func (w *writer) untilChore() time.Duration {
	switch {
	case w.conn == nil:
		return max(time.Millisecond, time.Until(w.failedAt.Add(w.pause)))
	case w.wal.pages > 0:
		return settleAfter
	}
	return 0
}

func (w *writer) chore() {
	if w.conn == nil {
		if err := w.reopen(); err != nil {
			w.log.Debug("the database could not be opened anew", "err", err)
		}
		return
	}
	if err := w.wal.empty(w.conn); err != nil {
		w.fail(err)
	}
}

// write commits changes, and those who come meanwhile, and tells each how it
// went. It returns all of them.
func (w *writer) write(changes []*change) []*change {
	changes = w.writeBatch(changes, w.join)
	acks := 0
	for _, c := range changes {
		if c.rows == 0 {
			acks++
		}
	}
	w.turns.committed(time.Now(), acks, w.batch.spent)
	if w.conn != nil {
		if err := w.wal.checkpoint(w.conn, w.queue() > 0); err != nil {
			w.fail(err)
		}
	}
	return changes
}

// writeBatch is write without looking after the log. A nil join: nobody else.
func (w *writer) writeBatch(changes []*change, join func([]*change) []*change) []*change {
	err := w.ready(changes)
	if err == nil {
		changes, err = w.transact(changes, join)
	}
	if err != nil && len(changes) > 1 && w.conn != nil {
		// One of them cannot be written; the others must not suffer for it.
		for i := range changes {
			w.writeBatch(changes[i:i+1], nil)
		}
		return changes
	}
	for _, c := range changes {
		if c.between == nil || err != nil {
			c.done <- err
		}
	}
	if err == nil {
		w.watched.hint(w.batch.changed)
	}
	for _, c := range changes {
		if c.between != nil && err == nil {
			c.done <- c.between(w.conn)
		}
	}
	return changes
}

// transact writes changes, and whoever joins them, in one transaction. When it
// returns an error none of them is acknowledged; if the cause is not in the
// changes themselves, the connection is given up as well.
func (w *writer) transact(changes []*change, join func([]*change) []*change) ([]*change, error) {
	w.batch = batch{conn: w.conn}
	changes, err := w.batch.commit(changes, join)
	if err == nil {
		if err := w.wal.grow(w.conn); err != nil {
			w.log.Warn("the length of the log is not known", "err", err)
		}
		return changes, nil
	}
	if inChange(err) {
		if _, rollback := w.conn.exec("ROLLBACK"); rollback == nil {
			return changes, err
		}
	}
	return changes, w.fail(err)
}

// commit returns all who are in the transaction, with an error if it failed.
func (b *batch) commit(changes []*change, join func([]*change) []*change) ([]*change, error) {
	if _, err := b.exec("BEGIN IMMEDIATE"); err != nil {
		return changes, fmt.Errorf("begin: %w", err)
	}
	for applied := 0; applied < len(changes); {
		c := changes[applied]
		if applied++; c.apply != nil {
			began := time.Now()
			if err := c.apply(b); err != nil {
				return changes, err
			}
			if c.rows > 0 {
				b.spent += time.Since(began)
			}
		}
		// The rows of those who join are written while others are still on
		// their way, so that at the end there is little left to wait for.
		if applied == len(changes) && join != nil {
			changes = join(changes)
		}
	}
	if b.redeliveries > 0 {
		if _, err := b.exec(`UPDATE tally SET value = value + ? WHERE name = 'redeliveries'`, b.redeliveries); err != nil {
			return changes, fmt.Errorf("count redeliveries: %w", err)
		}
	}
	if err := b.addUp(); err != nil {
		return changes, fmt.Errorf("count: %w", err)
	}
	if _, err := b.exec("COMMIT"); err != nil {
		return changes, fmt.Errorf("commit: %w", err)
	}
	return changes, nil
}
