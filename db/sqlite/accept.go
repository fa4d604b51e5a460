package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"fmt"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// An acceptance is one Accept on its way through the writer. All that can be
// made ready is ready when it gets there: everybody waits for the writer.
type acceptance struct {
	ppm.Arrival
	identity ppm.Identity
	bodySum  [sha256.Size]byte
	row      [11]driver.NamedValue // of insertNotification
	ack      ppm.Acknowledgement
	change
}

const insertNotification = `
	INSERT INTO notification (identity, application, type, event, partner, event_time, content,
		received_at, sender, body_sha256, body)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (identity) DO NOTHING`

// Accept implements [db.Store].
func (s *Store) Accept(ctx context.Context, a ppm.Arrival) (ppm.Acknowledgement, error) {
	p := &acceptance{Arrival: a, identity: a.Identity(), bodySum: sha256.Sum256(a.Body)}
	for i, v := range [...]driver.Value{p.identity[:], a.Application, a.Type, a.Event, a.Partner, a.EventTime, a.Content,
		micros(a.At), a.From, p.bodySum[:], a.Body} {
		p.row[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	p.change = change{apply: p.store, bytes: len(a.Body), done: make(chan error, 1)}
	if err := s.write.enqueue(&p.change); err != nil {
		return ppm.Acknowledgement{}, err
	}
	select {
	case err := <-p.done:
		if err != nil {
			return ppm.Acknowledgement{}, err
		}
		s.index.hint()
		return p.ack, nil
	case <-ctx.Done():
		return ppm.Acknowledgement{}, fmt.Errorf("not stored in time: %w", context.Cause(ctx))
	}
}

// store writes the arrival as a new notification or, where there is one with
// its identity, as a redelivery of that.
func (p *acceptance) store(b *batch) error {
	r, err := b.insert.ExecContext(context.Background(), p.row[:])
	if err != nil {
		return fmt.Errorf("store notification: %w", err)
	}
	if rows, _ := r.RowsAffected(); rows == 1 {
		id, _ := r.LastInsertId()
		p.ack = ppm.Acknowledgement{Receipt: ppm.NewReceipt(id, p.identity)}
		b.changed[db.Arrivals] = true
		return nil
	}
	return p.redeliver(b)
}

func (p *acceptance) redeliver(b *batch) error {
	b.changed[db.Outcomes] = true
	values, err := b.row(`
		UPDATE notification
		SET arrivals = arrivals + 1
		WHERE identity = ?
		RETURNING id, arrivals, body_sha256, body IS NULL`, p.identity[:])
	if err != nil {
		return fmt.Errorf("count redelivery: %w", err)
	}
	id, nth := number(values[0]), number(values[1])
	var body driver.Value // only where it differs, and not of what has been erased
	if first, _ := values[2].([]byte); number(values[3]) == 0 && !bytes.Equal(first, p.bodySum[:]) {
		body = p.Body
	}
	_, err = b.exec(`
		INSERT INTO arrival (notification, nth, received_at, sender, body_sha256, body)
		VALUES (?, ?, ?, ?, ?, ?)`,
		id, nth, micros(p.At), p.From, p.bodySum[:], body)
	if err != nil {
		return fmt.Errorf("store redelivery of notification %d: %w", id, err)
	}
	b.redeliveries++
	p.ack = ppm.Acknowledgement{Receipt: ppm.NewReceipt(id, p.identity), Redelivery: true}
	return nil
}

// micros returns t as the store keeps it.
func micros(t time.Time) int64 { return t.UTC().UnixMicro() }

// at returns the time that the store keeps as n.
func at(n int64) time.Time { return time.UnixMicro(n).UTC() }
