package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// recordRows is about how many rows one attempt writes.
const recordRows = 4

// Record implements [db.Store].
func (s *Store) Record(_ context.Context, a ppm.Attempt) error {
	id, err := a.Before.Receipt.Number()
	if err != nil {
		return err
	}
	rows := recordRows + 2*len(a.Response.Decisions)
	err = s.later(rows, len(a.Response.Data)+len(a.Response.Excerpt), func(b *batch) error { return b.record(id, a) })
	if err != nil {
		return fmt.Errorf("record an attempt at delivery %s: %w", a.Before.Key(), err)
	}
	return nil
}

func (b *batch) record(id int64, a ppm.Attempt) error {
	to, err := stateOf(a.After.State)
	if err != nil {
		return err
	}
	if err := b.conclude(id, a, to); err != nil {
		return err
	}
	if to == stateWaiting {
		b.changed[db.Deliveries] = true // sooner than the lease would have ended
	}
	if a.After.Attempts == a.Before.Attempts { // interrupted
		return nil
	}
	b.changed[db.Outcomes] = true
	if err := b.keepAttempt(id, a); err != nil {
		return err
	}
	c := b.client(a.Before.Client)
	c.attempted(a)
	if to == stateWaiting {
		return nil
	}
	c.count(stateWaiting, to)
	var left remains
	left.count(stateWaiting, to)
	if a.Before.Client == ppm.ClearmatchAPI {
		if err := b.fetched(id, a, &left); err != nil {
			return err
		}
	}
	if err := b.work(id, left, a.After.Changed); err != nil {
		return err
	}
	return b.advance(a.Before.Client, a.Before.Application, a.After.Changed)
}

// conclude writes what has become of a delivery, if the lease is still in force.
func (b *batch) conclude(id int64, a ppm.Attempt, state int64) error {
	if a.Before.Claim == 0 {
		return declined{db.ErrOvertaken}
	}
	d := a.After
	var next driver.Value
	if state == stateWaiting {
		next = micros(d.NextAttempt)
	}
	r, err := b.exec(concludeQuery, state, next, int64(d.Attempts), int64(d.Failed), microsOrNull(d.FirstAttempt), micros(d.Changed), d.Error,
		id, a.Before.Client, a.Before.Claim)
	if err != nil {
		return err
	}
	if rows, err := r.RowsAffected(); err != nil || rows == 0 {
		return declined{db.ErrOvertaken}
	}
	return nil
}

const concludeQuery = `
	UPDATE delivery
	SET state = ?, next_attempt = ?, claim = 0, attempts = ?, failed = ?, first_attempt = ?, changed_at = ?, error = ?
	WHERE notification = ? AND client = ? AND claim = ? AND state = 1`

func (b *batch) keepAttempt(id int64, a ppm.Attempt) error {
	var why string
	if a.Err != nil {
		why = a.After.Error
	}
	_, err := b.exec(`
		INSERT INTO attempt (notification, client, nth, began_at, took, status, error, excerpt)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		id, a.Before.Client, int64(a.After.Attempts), micros(a.Began), a.Took.Microseconds(), int64(a.Response.Status), why, a.Response.Excerpt)
	return err
}

// stateOf returns s as the table has it.
func stateOf(s ppm.State) (int64, error) {
	switch s {
	case ppm.Waiting:
		return stateWaiting, nil
	case ppm.Delivered:
		return stateDelivered, nil
	case ppm.GaveUp:
		return stateGaveUp, nil
	}
	return 0, fmt.Errorf("no attempt ends with %q", s)
}

// microsOrNull is micros, but NULL for the zero time.
func microsOrNull(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}
