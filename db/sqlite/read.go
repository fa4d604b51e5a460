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
	err := s.read.QueryRowContext(ctx, `
		SELECT (SELECT coalesce(max(id), 0) FROM notification),
			(SELECT value FROM tally WHERE name = 'redeliveries'),
			(SELECT count(*) FROM rejection)`).Scan(&c.Accepted, &c.Redeliveries, &c.Rejected)
	if err != nil {
		return ppm.Counts{}, fmt.Errorf("count: %w", plain(err))
	}
	// As long as nobody subscribes, nothing is left to do for any of them.
	c.Notifications.Complete = c.Accepted
	return c, nil
}

// recordColumns are what scanRecord reads.
const recordColumns = `id, identity, application, type, event, partner, event_time, content,
	received_at, sender, arrivals, body_sha256`

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
	r.Status = ppm.Complete
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
	query := `SELECT ` + recordColumns + ` FROM notification WHERE id < ? ORDER BY id DESC LIMIT ?`
	if p.OldestFirst {
		query = `SELECT ` + recordColumns + ` FROM notification WHERE id > ? ORDER BY id LIMIT ?`
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
		r, err := scanRow(rows)
		if err != nil {
			return nil, fmt.Errorf("list notifications: %w", plain(err))
		}
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
	found, err := scanRow(s.read.QueryRowContext(ctx, `
		SELECT `+recordColumns+`, body
		FROM notification
		WHERE id = ?`, id), &body)
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
	d := ppm.Detail{Record: found.Record, From: found.sender, Body: string(body)}
	first := ppm.ArrivalSummary{At: d.ReceivedAt, From: d.From, BodySHA256: d.BodySHA256}
	further, err := s.arrivals(ctx, id)
	if err != nil {
		return ppm.Detail{}, fmt.Errorf("notification %s: %w", r, plain(err))
	}
	d.History = append([]ppm.ArrivalSummary{first}, further...)
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
