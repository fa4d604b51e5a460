package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// Idle implements [db.Store].
func (s *Store) Idle(_ context.Context, idle bool) error {
	return s.later(1, 0, func(b *batch) error {
		if !idle {
			return b.endIdle()
		}
		_, err := b.row(`SELECT 1 FROM client WHERE removed_at IS NULL LIMIT 1`)
		switch {
		case err == nil:
			return declined{fmt.Errorf("there is a client: %w", db.ErrOvertaken)}
		case !errors.Is(err, io.EOF):
			return fmt.Errorf("look for clients: %w", err)
		}
		if _, err := b.exec(`UPDATE tally SET value = 1 WHERE name = 'idle' AND value = 0`); err != nil {
			return fmt.Errorf("become idle: %w", err)
		}
		return nil
	})
}

// Unrouted implements [db.Store].
func (s *Store) Unrouted(ctx context.Context, limit int) ([]ppm.Record, error) {
	var routed int64
	var idle bool
	err := s.read.QueryRowContext(ctx, `
		SELECT (SELECT value FROM tally WHERE name = 'routed'), (SELECT value FROM tally WHERE name = 'idle')`).Scan(&routed, &idle)
	if err != nil {
		return nil, fmt.Errorf("look for what is not routed: %w", plain(err))
	}
	if idle {
		return nil, nil
	}
	records, err := s.records(ctx, `
		SELECT `+recordColumns+`, `+statusColumn+`
		FROM notification
		WHERE id > ?
		ORDER BY id
		LIMIT ?`, routed, max(0, limit))
	if err != nil {
		return nil, err
	}
	for i, r := range records {
		if n, err := r.Receipt.Number(); err != nil || n != routed+1+int64(i) {
			return nil, damaged(routed + 1 + int64(i))
		}
	}
	return records, nil
}

// routeRows is how many rows a transaction makes at most, unless one
// notification alone makes more.
const routeRows = maxRows / 2

// Route implements [db.Store]. What it is given may take several transactions.
func (s *Store) Route(_ context.Context, routes []ppm.Route) error {
	for len(routes) > 0 {
		n, rows := 0, 0
		for n < len(routes) && (n == 0 || rows+len(routes[n].Decisions) < routeRows) {
			if err := sound(routes[n]); err != nil {
				return err
			}
			rows += 2 + len(routes[n].Decisions)
			n++
		}
		part := routes[:n]
		if err := s.later(rows, 0, func(b *batch) error { return b.route(part, time.Now()) }); err != nil {
			return fmt.Errorf("route: %w", err)
		}
		routes = routes[n:]
	}
	return nil
}

// sound returns an error for a route that would leave something waiting for ever.
func sound(r ppm.Route) error {
	for _, d := range r.Decisions {
		if d.Outcome == ppm.Undecided && !r.Fetch {
			return fmt.Errorf("route %s: client %d would wait for data that nobody fetches", r.Receipt, d.Client)
		}
		if d.Outcome < ppm.Wanted || d.Outcome > ppm.Undecidable || d.Client == ppm.ClearmatchAPI {
			return fmt.Errorf("route %s: no decision: %+v", r.Receipt, d)
		}
	}
	return nil
}

// route keeps routes, which must be the next ones.
func (b *batch) route(routes []ppm.Route, now time.Time) error {
	values, err := b.row(`
		SELECT (SELECT value FROM tally WHERE name = 'routed'), (SELECT value FROM tally WHERE name = 'idle')`)
	if err != nil {
		return err
	}
	routed, idle := number(values[0]), number(values[1]) != 0
	clients, err := b.ordered()
	if err != nil {
		return err
	}
	about := make([]subject, len(routes))
	for i, r := range routes {
		id, err := r.Receipt.Number()
		if err == nil && (idle || id != routed+1+int64(i)) {
			err = db.ErrOvertaken
		}
		if err == nil {
			about[i], err = b.subject(id, r.Receipt)
		}
		if err != nil {
			return declined{fmt.Errorf("notification %s: %w", r.Receipt, err)}
		}
	}
	for i, r := range routes {
		if about[i].erased { // there is nothing to deliver, and nothing may be fetched
			continue
		}
		if err := b.deliveries(routed+1+int64(i), about[i].application, r, clients, now); err != nil {
			return fmt.Errorf("notification %s: %w", r.Receipt, err)
		}
	}
	b.changed[db.Outcomes] = true
	_, err = b.exec(`UPDATE tally SET value = ? WHERE name = 'routed'`, routed+int64(len(routes)))
	return err
}

// ordered returns the clients that have not been removed, and whether they are ordered.
func (b *batch) ordered() (map[int64]bool, error) {
	clients := make(map[int64]bool)
	rows, err := b.all(`SELECT id, ordered FROM client WHERE removed_at IS NULL`)
	for _, values := range rows {
		clients[number(values[0])] = number(values[1]) != 0
	}
	return clients, err
}

// A subject is what a notification is about.
type subject struct {
	application string
	erased      bool
}

// subject returns what the notification that r names is about.
func (b *batch) subject(id int64, r ppm.Receipt) (subject, error) {
	values, err := b.row(`SELECT application, identity, body IS NULL FROM notification WHERE id = ?`, id)
	if errors.Is(err, io.EOF) {
		return subject{}, db.ErrNotFound
	}
	if err != nil {
		return subject{}, err
	}
	identity, _ := values[1].([]byte)
	if len(identity) != ppm.IdentitySize || !r.Names(id, ppm.Identity(identity)) {
		return subject{}, db.ErrNotFound
	}
	return subject{text(values[0]), number(values[2]) != 0}, nil
}

// deliveries makes what r says for one notification.
func (b *batch) deliveries(id int64, application string, r ppm.Route, ordered map[int64]bool, now time.Time) error {
	var left remains
	if r.Fetch {
		left.open++
		if err := b.deliver(id, application, ppm.Decision{Client: ppm.ClearmatchAPI, Outcome: ppm.Wanted}, true, now); err != nil {
			return err
		}
	}
	for _, d := range r.Decisions {
		isOrdered, there := ordered[d.Client]
		if !there {
			continue
		}
		left.count(0, outcomes[d.Outcome])
		if err := b.deliver(id, application, d, isOrdered, now); err != nil {
			return err
		}
	}
	return b.work(id, left, now)
}

// outcomes are the states that decisions lead to.
var outcomes = [...]int64{ppm.Wanted: stateWaiting, ppm.Unwanted: stateNotWanted, ppm.Undecided: stateNeedsData, ppm.Undecidable: stateGaveUp}

// deliver makes a delivery as it was decided.
func (b *batch) deliver(id int64, application string, d ppm.Decision, ordered bool, now time.Time) (err error) {
	state := outcomes[d.Outcome]
	queued := state == stateNeedsData
	var next driver.Value
	if state == stateWaiting {
		if queued, err = b.enter(d.Client, ordered, application); err != nil {
			return err
		}
		if !queued {
			next = micros(now)
		}
	}
	_, err = b.exec(`
		INSERT INTO delivery (notification, client, application, state, queued, next_attempt, changed_at, rule, reason)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, d.Client, application, state, queued, next, micros(now), d.Rule, d.Reason)
	if err != nil {
		return fmt.Errorf("make the delivery to client %d: %w", d.Client, err)
	}
	b.client(d.Client).count(0, state)
	return nil
}
