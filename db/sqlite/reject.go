package sqlite

import (
	"context"
	"fmt"

	"processmanager/ppm"
)

// Rejections are kept for a person to look at; these bounds keep a sender that
// went wrong from filling the disk. The newest stay.
const (
	maxRejections     = 1000
	maxRejectionBytes = 64 << 20
)

// Reject implements [db.Store].
func (s *Store) Reject(_ context.Context, r ppm.Rejection) error {
	return s.write.do(&change{done: make(chan error, 1), apply: func(b *batch) error {
		b.bytes += len(r.Body)
		if r.Body == nil {
			r.Body = []byte{}
		}
		if _, err := b.exec(`
			INSERT INTO rejection (received_at, sender, status, reason, line, col, body)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			micros(r.At), r.From, int64(r.Status), r.Reason, int64(r.Line), int64(r.Column), r.Body); err != nil {
			return fmt.Errorf("keep rejection: %w", err)
		}
		if _, err := b.exec(`
			DELETE FROM rejection
			WHERE id IN (
				SELECT id
				FROM (
					SELECT id,
						row_number() OVER newest AS nth,
						sum(length(body)) OVER newest AS bytes
					FROM rejection
					WINDOW newest AS (ORDER BY id DESC))
				WHERE nth > ? OR bytes > ?)`, int64(maxRejections), int64(maxRejectionBytes)); err != nil {
			return fmt.Errorf("forget old rejections: %w", err)
		}
		return nil
	}})
}

// Rejections implements [db.Store].
func (s *Store) Rejections(ctx context.Context, before int64, limit int) ([]ppm.Rejection, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if before == 0 {
		before = 1<<63 - 1
	}
	rows, err := s.read.QueryContext(ctx, `
		SELECT id, received_at, sender, status, reason, line, col, body
		FROM rejection
		WHERE id < ?
		ORDER BY id DESC
		LIMIT ?`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list rejections: %w", plain(err))
	}
	defer rows.Close()
	var kept []ppm.Rejection
	for rows.Next() {
		var r ppm.Rejection
		var receivedAt int64
		if err := rows.Scan(&r.ID, &receivedAt, &r.From, &r.Status, &r.Reason, &r.Line, &r.Column, &r.Body); err != nil {
			return nil, fmt.Errorf("list rejections: %w", plain(err))
		}
		r.At = at(receivedAt)
		kept = append(kept, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list rejections: %w", plain(err))
	}
	return kept, nil
}
