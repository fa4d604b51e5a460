package sqlite

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"processmanager/ppm"
)

// sums are what a transaction adds to the numbers that are kept because they
// would be slow to count. They are written once, when it ends.
type sums struct {
	queued, failed int64 // notifications
	clients        map[int64]*clientSums
}

// clientSums are what a transaction adds to how a client has been doing.
type clientSums struct {
	waiting, delivered, gaveUp int64 // deliveries

	reached       bool  // by an attempt, after which
	failing       int64 // attempts have failed
	failedAt      int64 // the first of these
	lastError     string
	lastDelivered int64 // 0: nothing was
}

func (b *batch) client(number int64) *clientSums {
	c := b.clients[number]
	if c == nil {
		if b.clients == nil {
			b.clients = make(map[int64]*clientSums)
		}
		c = new(clientSums)
		b.clients[number] = c
	}
	return c
}

// attempted notes what an attempt says of the client. A failure that is about
// the delivery says nothing against it.
func (c *clientSums) attempted(a ppm.Attempt) {
	ended := micros(a.Began.Add(a.Took))
	switch failing := a.Failing(1); {
	case failing == 0:
		c.reached, c.failing, c.lastError = true, 0, a.After.Error
		if a.Err == nil {
			c.lastDelivered = ended
		}
	case failing > 1:
		if c.failing == 0 {
			c.failedAt = ended
		}
		c.failing++
		c.lastError = a.After.Error
	}
}

// count moves a delivery from one state to another; 0 is none.
func (c *clientSums) count(from, to int64) {
	for _, s := range [...]struct{ state, by int64 }{{from, -1}, {to, +1}} {
		switch s.state {
		case stateWaiting, stateNeedsData:
			c.waiting += s.by
		case stateDelivered:
			c.delivered += s.by
		case stateGaveUp:
			c.gaveUp += s.by
		}
	}
}

// addUp writes the sums.
func (b *batch) addUp() error {
	for _, t := range [...]struct {
		name string
		by   int64
	}{{"queued", b.queued}, {"failed", b.failed}} {
		if t.by == 0 {
			continue
		}
		if _, err := b.exec(`UPDATE tally SET value = value + ? WHERE name = ?`, t.by, t.name); err != nil {
			return err
		}
	}
	for _, number := range slices.Sorted(maps.Keys(b.clients)) {
		c := b.clients[number]
		if *c == (clientSums{}) {
			continue
		}
		_, err := b.exec(`
			UPDATE client
			SET waiting = waiting + ?1, delivered = delivered + ?2, gave_up = gave_up + ?3,
				failing = iif(?4, 0, failing) + ?5,
				failing_since = iif(?4 OR failing = 0, iif(?5, ?6, NULL), failing_since),
				last_error = iif(?4 OR ?5, ?7, last_error),
				last_delivered = iif(?8, ?8, last_delivered)
			WHERE id = ?9`,
			c.waiting, c.delivered, c.gaveUp, c.reached, c.failing, c.failedAt, c.lastError, c.lastDelivered, number)
		if err != nil {
			return fmt.Errorf("client %d: %w", number, err)
		}
	}
	return nil
}

// remains is what is left to do for a notification, or how that changes.
type remains struct{ open, gaveUp int64 }

// count moves a delivery from one state to another; 0 is none.
func (r *remains) count(from, to int64) {
	for _, s := range [...]struct{ state, by int64 }{{from, -1}, {to, +1}} {
		switch s.state {
		case stateWaiting, stateNeedsData:
			r.open += s.by
		case stateGaveUp:
			r.gaveUp += s.by
		}
	}
}

// work notes how what is left to do for a notification changes.
func (b *batch) work(notification int64, by remains, now time.Time) error {
	if by == (remains{}) {
		return nil
	}
	values, err := b.row(`
		INSERT INTO work (notification, open, gave_up, ended_at)
		VALUES (?1, ?2, ?3, iif(?2 = 0, ?4, NULL))
		ON CONFLICT (notification) DO UPDATE
		SET open = open + ?2, gave_up = gave_up + ?3, ended_at = iif(open + ?2 = 0, ?4, NULL)
		RETURNING open, gave_up`, notification, by.open, by.gaveUp, micros(now))
	if err != nil {
		return fmt.Errorf("count what is left of notification %d: %w", notification, err)
	}
	is := remains{number(values[0]), number(values[1])}
	b.status(remains{is.open - by.open, is.gaveUp - by.gaveUp}, -1)
	b.status(is, +1)
	return nil
}

// status counts a notification of which so much is left.
func (b *batch) status(r remains, by int64) {
	switch {
	case r.open > 0:
		b.queued += by
	case r.gaveUp > 0:
		b.failed += by
	}
}
