package sqlite

import (
	"errors"
	"fmt"
	"io"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// The states of a delivery, as table delivery has them.
const (
	stateWaiting   = 1
	stateNeedsData = 2
	stateDelivered = 3
	stateGaveUp    = 4
	stateNotWanted = 5
)

var states = [...]ppm.State{stateWaiting: ppm.Waiting, stateNeedsData: ppm.NeedsData,
	stateDelivered: ppm.Delivered, stateGaveUp: ppm.GaveUp, stateNotWanted: ppm.NotWanted}

// A line is what waits for one client and application, in the order of the
// notifications: table delivery with state <= 2. Of an ordered client, at most
// one of it is active, which is to say that it has a time for its next attempt
// and is not queued; it is always the first, unless an older one was put on its
// way again behind it. All that waits for another client is active. What waits
// for data never is, and holds up what is behind it.

// enter puts a delivery that is new to the line into it, with its row still to
// be written: queued, or else active.
func (b *batch) enter(client int64, ordered bool, application string) (queued bool, err error) {
	if ordered {
		_, queued, err = b.first(client, application)
	}
	if !queued {
		b.changed[db.Deliveries] = true
	}
	return queued, err
}

// A place is the first in a line.
type place struct {
	notification  int64
	state, queued int64
}

// first returns the one of the line that is active or, where none is, the one
// whose turn it would be.
func (b *batch) first(client int64, application string) (p place, found bool, err error) {
	values, err := b.row(lineQuery, client, application)
	if errors.Is(err, io.EOF) {
		return place{}, false, nil
	}
	if err != nil {
		return place{}, false, fmt.Errorf("look at the line of %s: %w", application, err)
	}
	return place{number(values[0]), number(values[1]), number(values[2])}, true, nil
}

const lineQuery = `
	SELECT notification, state, queued
	FROM delivery
	WHERE client = ? AND application = ? AND state <= 2
	ORDER BY queued, notification
	LIMIT 1`

// advance makes the first of a line active, if it can be and none is. It is to
// be called whenever something has left the line, or entered it queued other
// than at its end.
func (b *batch) advance(client int64, application string, now time.Time) error {
	p, found, err := b.first(client, application)
	if err != nil || !found || p.queued == 0 || p.state != stateWaiting {
		return err
	}
	_, err = b.exec(`
		UPDATE delivery
		SET queued = 0, next_attempt = ?
		WHERE notification = ? AND client = ?`, micros(now), p.notification, client)
	if err != nil {
		return fmt.Errorf("advance the line of %s: %w", application, err)
	}
	b.changed[db.Deliveries] = true
	return nil
}
