package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"processmanager/db"
	"processmanager/ppm"
)

// Load implements [db.Store].
func (s *Store) Load(ctx context.Context, d ppm.Delivery) (ppm.Parcel, error) {
	p := ppm.Parcel{Delivery: d, Key: d.Key()}
	id, err := d.Receipt.Number()
	if err != nil {
		return ppm.Parcel{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := s.load(ctx, id, &p); err != nil {
		return ppm.Parcel{}, fmt.Errorf("load delivery %s: %w", p.Key, plain(err))
	}
	return p, nil
}

func (s *Store) load(ctx context.Context, id int64, p *ppm.Parcel) error {
	var fetchedAt sql.NullInt64
	found, err := scanRow(s.read.QueryRowContext(ctx, loadQuery, id), &p.Body, &p.Data, &fetchedAt)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return s.absent(ctx, p.Receipt, id)
	case err != nil:
		return err
	case !p.Receipt.Names(id, found.identity):
		return db.ErrNotFound
	}
	if sum := sha256.Sum256(p.Body); p.Body != nil && !bytes.Equal(sum[:], found.bodySum) {
		return damaged(id)
	}
	if p.Body == nil {
		return fmt.Errorf("its content has been erased meanwhile: %w", db.ErrOvertaken)
	}
	p.Notification, p.ReceivedAt = found.Notification, found.ReceivedAt
	if p.Data != nil {
		p.DataAt = at(fetchedAt.Int64)
	}
	if p.Client != ppm.ClearmatchAPI {
		return nil
	}
	rows, err := s.read.QueryContext(ctx, undecidedQuery, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var client int64
		if err := rows.Scan(&client); err != nil {
			return err
		}
		p.Undecided = append(p.Undecided, client)
	}
	return rows.Err()
}

const (
	loadQuery = `
		SELECT ` + recordColumns + `, body, data, fetched_at
		FROM notification
			LEFT JOIN fetch ON fetch.notification = id AND nth = (SELECT max(nth) FROM fetch WHERE fetch.notification = id)
		WHERE id = ?`
	undecidedQuery = `
		SELECT client
		FROM delivery
		WHERE notification = ? AND state = 2
		ORDER BY client`
)
