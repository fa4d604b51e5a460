package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"processmanager/db"
	"processmanager/ppm"
)

// Counts implements [db.Store].
func (s *Store) Counts(ctx context.Context) (ppm.Counts, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var c ppm.Counts
	var unrouted int64
	n, d := &c.Notifications, &c.Deliveries
	err := s.read.QueryRowContext(ctx, `
		SELECT newest, redeliveries, rejected, iif(idle, 0, newest - routed), queued, failed, waiting - held, held, delivered, gave_up
		FROM
			(SELECT coalesce(max(id), 0) AS newest FROM notification),
			(SELECT count(*) AS rejected FROM rejection),
			(SELECT value AS redeliveries FROM tally WHERE name = 'redeliveries'),
			(SELECT value AS routed FROM tally WHERE name = 'routed'),
			(SELECT value AS idle FROM tally WHERE name = 'idle'),
			(SELECT value AS queued FROM tally WHERE name = 'queued'),
			(SELECT value AS failed FROM tally WHERE name = 'failed'),
			(SELECT coalesce(sum(waiting), 0) AS waiting, coalesce(sum(waiting) FILTER (WHERE held), 0) AS held,
				coalesce(sum(delivered), 0) AS delivered, coalesce(sum(gave_up), 0) AS gave_up
				FROM client
				WHERE id > 0)`).Scan(&c.Accepted, &c.Redeliveries, &c.Rejected,
		&unrouted, &n.Queued, &n.Failed, &d.Waiting, &d.Held, &d.Delivered, &d.GaveUp)
	if err != nil {
		return ppm.Counts{}, fmt.Errorf("count: %w", plain(err))
	}
	n.Queued += unrouted
	n.Complete = c.Accepted - n.Queued - n.Failed
	return c, nil
}

// recordColumns are what scanRecord reads.
const recordColumns = `id, identity, application, type, event, partner, event_time, content,
	received_at, sender, arrivals, body_sha256`

// statusColumn is how far the work on a notification has come, as [statuses].
// It is not for a database that may be of an older schema.
const statusColumn = `
	CASE WHEN id > (SELECT value FROM tally WHERE name = 'routed') AND NOT (SELECT value FROM tally WHERE name = 'idle') THEN 1
		ELSE coalesce((SELECT iif(open > 0, 1, iif(gave_up > 0, 2, 0)) FROM work WHERE work.notification = notification.id), 0) END`

var statuses = [...]ppm.Status{ppm.Complete, ppm.Queued, ppm.Failed}

// A row is a notification as it lies in the table.
type row struct {
	id       int64
	identity ppm.Identity
	bodySum  []byte
	sender   string
	ppm.Record
}

// scanRow reads recordColumns and then what more is asked for. What it returns
// without error is what was written: the identity is a hash over the six
// members, so a flipped bit in any of them shows.
func scanRow(rows scanner, more ...any) (row, error) {
	var r row
	var identity []byte
	var receivedAt int64
	n := &r.Notification
	err := rows.Scan(append([]any{&r.id, &identity, &n.Application, &n.Type, &n.Event, &n.Partner, &n.EventTime, &n.Content,
		&receivedAt, &r.sender, &r.Arrivals, &r.bodySum}, more...)...)
	if err != nil {
		return row{}, err
	}
	r.identity = n.Identity()
	if !bytes.Equal(identity, r.identity[:]) || len(r.bodySum) != sha256.Size {
		return row{}, damaged(r.id)
	}
	r.Receipt = ppm.NewReceipt(r.id, r.identity)
	r.ReceivedAt = at(receivedAt)
	r.BodySHA256 = hex.EncodeToString(r.bodySum)
	return r, nil
}

// A scanner is a row of a query, or the one that it is at.
type scanner interface{ Scan(...any) error }

func damaged(id int64) error {
	return fmt.Errorf("%w: notification %d is not what was written; put back a backup with: ppm restore FILE", db.ErrDamaged, id)
}

// List implements [db.Store].
func (s *Store) List(ctx context.Context, p ppm.Page) ([]ppm.Record, error) {
	after, err := start(p)
	if err != nil {
		return nil, err
	}
	query := `SELECT ` + recordColumns + `, ` + statusColumn + ` FROM notification WHERE id < ? ORDER BY id DESC LIMIT ?`
	if p.OldestFirst {
		query = `SELECT ` + recordColumns + `, ` + statusColumn + ` FROM notification WHERE id > ? ORDER BY id LIMIT ?`
	}
	records, err := s.records(ctx, query, after, max(0, p.Limit))
	if err != nil {
		return nil, err
	}
	return records, unbroken(records, p)
}

// unbroken returns an error if a notification is missing among records, the
// page p: their numbers have no gaps, since none is ever deleted.
func unbroken(records []ppm.Record, p ppm.Page) error {
	step := int64(-1)
	if p.OldestFirst {
		step = 1
	}
	var last int64
	for i, r := range records {
		n, err := r.Receipt.Number()
		switch {
		case err != nil:
			return err
		case i > 0 && n != last+step:
			return damaged(last + step)
		case i == 0 && p.OldestFirst && p.After == "" && n != 1:
			return damaged(1)
		}
		last = n
	}
	if !p.OldestFirst && len(records) > 0 && len(records) < p.Limit && last != 1 {
		return damaged(last - 1)
	}
	return nil
}

// start returns the number beyond which p begins.
func start(p ppm.Page) (int64, error) {
	switch {
	case p.After != "":
		return p.After.Number()
	case p.OldestFirst:
		return 0, nil
	}
	return 1<<63 - 1, nil
}

func (s *Store) records(ctx context.Context, query string, args ...any) ([]ppm.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list notifications: %w", plain(err))
	}
	defer rows.Close()
	var records []ppm.Record
	for rows.Next() {
		var status int
		r, err := scanRow(rows, &status)
		if err != nil {
			return nil, fmt.Errorf("list notifications: %w", plain(err))
		}
		r.Status = statuses[status]
		records = append(records, r.Record)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list notifications: %w", plain(err))
	}
	return records, nil
}

// Find implements [db.Store].
func (s *Store) Find(ctx context.Context, r ppm.Receipt) (ppm.Detail, error) {
	id, err := r.Number()
	if err != nil {
		return ppm.Detail{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var body []byte
	var status int
	found, err := scanRow(s.read.QueryRowContext(ctx, `
		SELECT `+recordColumns+`, body, `+statusColumn+`
		FROM notification
		WHERE id = ?`, id), &body, &status)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ppm.Detail{}, s.absent(ctx, r, id)
	case err == nil && !r.Names(id, found.identity):
		return ppm.Detail{}, fmt.Errorf("notification %s: %w", r, db.ErrNotFound)
	case err != nil:
		return ppm.Detail{}, fmt.Errorf("notification %s: %w", r, plain(err))
	}
	if sum := sha256.Sum256(body); body != nil && !bytes.Equal(sum[:], found.bodySum) {
		return ppm.Detail{}, damaged(id)
	}
	found.Status = statuses[status]
	d := ppm.Detail{Record: found.Record, From: found.sender, Body: string(body), Erased: body == nil}
	first := ppm.ArrivalSummary{At: d.ReceivedAt, From: d.From, BodySHA256: d.BodySHA256}
	further, err := s.arrivals(ctx, id)
	if err != nil {
		return ppm.Detail{}, fmt.Errorf("notification %s: %w", r, plain(err))
	}
	d.History = append([]ppm.ArrivalSummary{first}, further...)
	if err := s.after(ctx, id, &d); err != nil {
		return ppm.Detail{}, fmt.Errorf("notification %s: %w", r, plain(err))
	}
	return d, nil
}

// absent returns why there is no notification id. One that must be there,
// since there are newer ones, has been lost to damage.
func (s *Store) absent(ctx context.Context, r ppm.Receipt, id int64) error {
	newest, err := s.newest(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("notification %s: %w", r, plain(err))
	case id <= newest:
		return damaged(id)
	}
	return fmt.Errorf("notification %s: %w", r, db.ErrNotFound)
}

// maxHistory bounds what Find returns of a notification that is sent again and
// again: the newest.
const maxHistory = 1000

func (s *Store) arrivals(ctx context.Context, notification int64) ([]ppm.ArrivalSummary, error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT received_at, sender, body_sha256, body
		FROM (
			SELECT *
			FROM arrival
			WHERE notification = ?
			ORDER BY nth DESC
			LIMIT ?)
		ORDER BY nth`, notification, maxHistory)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var arrivals []ppm.ArrivalSummary
	for rows.Next() {
		var a ppm.ArrivalSummary
		var receivedAt int64
		var sum []byte
		var body sql.Null[[]byte]
		if err := rows.Scan(&receivedAt, &a.From, &sum, &body); err != nil {
			return nil, err
		}
		if body.Valid {
			if got := sha256.Sum256(body.V); !bytes.Equal(got[:], sum) {
				return nil, damaged(notification)
			}
			text := string(body.V)
			a.Body = &text
		}
		a.At, a.BodySHA256 = at(receivedAt), hex.EncodeToString(sum)
		arrivals = append(arrivals, a)
	}
	return arrivals, rows.Err()
}
