package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"processmanager/db"
	"processmanager/ppm"
)

// Rejections are kept for a person to look at; these bounds keep a sender that
// went wrong from filling the disk. The newest stay.
const (
	maxRejections     = 1000
	maxRejectionBytes = 64 << 20
	weighEvery        = 16 // rejections; adding up the bytes takes a while
)

// Reject implements [db.Store].
func (s *Store) Reject(_ context.Context, r ppm.Rejection) error {
	if r.Body == nil {
		r.Body = []byte{}
	}
	return s.write.do(&change{done: make(chan error, 1), bytes: len(r.Body), apply: func(b *batch) error {
		added, err := b.exec(`
			INSERT INTO rejection (received_at, sender, status, reason, line, col, body)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			micros(r.At), r.From, int64(r.Status), r.Reason, int64(r.Line), int64(r.Column), r.Body)
		if err != nil {
			return fmt.Errorf("keep rejection: %w", err)
		}
		b.changed[db.Outcomes] = true
		id, err := added.LastInsertId()
		if err == nil {
			err = b.forgetRejections(id)
		}
		if err != nil {
			return fmt.Errorf("forget old rejections: %w", err)
		}
		return nil
	}})
}

// forgetRejections deletes the oldest beyond the bounds when newest has been added.
func (b *batch) forgetRejections(newest int64) error {
	if _, err := b.exec(`DELETE FROM rejection WHERE id <= ?`, newest-maxRejections); err != nil || newest%weighEvery != 0 {
		return err
	}
	_, err := b.exec(`
		DELETE FROM rejection
		WHERE id IN (
			SELECT id
			FROM (
				SELECT id, sum(length(body)) OVER (ORDER BY id DESC) AS bytes
				FROM rejection)
			WHERE bytes > ?)`, int64(maxRejectionBytes))
	return err
}

// Rejections implements [db.Store].
func (s *Store) Rejections(ctx context.Context, before int64, limit int) ([]ppm.Rejection, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if before == 0 {
		before = 1<<63 - 1
	}
	rows, err := s.read.QueryContext(ctx, `
		SELECT id, received_at, sender, status, reason, line, col, x''
		FROM rejection
		WHERE id < ?
		ORDER BY id DESC
		LIMIT ?`, before, max(0, limit))
	if err != nil {
		return nil, fmt.Errorf("list rejections: %w", plain(err))
	}
	defer rows.Close()
	var kept []ppm.Rejection
	for rows.Next() {
		r, err := scanRejection(rows)
		if err != nil {
			return nil, fmt.Errorf("list rejections: %w", plain(err))
		}
		kept = append(kept, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list rejections: %w", plain(err))
	}
	return kept, nil
}

// Rejection implements [db.Store].
func (s *Store) Rejection(ctx context.Context, id int64) (ppm.Rejection, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	r, err := scanRejection(s.read.QueryRowContext(ctx, `
		SELECT id, received_at, sender, status, reason, line, col, body
		FROM rejection
		WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = db.ErrNotFound
	}
	if err != nil {
		return ppm.Rejection{}, fmt.Errorf("rejection %d: %w", id, plain(err))
	}
	return r, nil
}

func scanRejection(row scanner) (r ppm.Rejection, err error) {
	var receivedAt int64
	err = row.Scan(&r.ID, &receivedAt, &r.From, &r.Status, &r.Reason, &r.Line, &r.Column, &r.Body)
	if len(r.Body) == 0 {
		r.Body = nil
	}
	r.At = at(receivedAt)
	return r, err
}
