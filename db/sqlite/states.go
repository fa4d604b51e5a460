package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math"

	"processmanager/db"
	"processmanager/ppm"
)

// deliveryColumns are what deliveryOf reads, of a row of table delivery.
const deliveryColumns = `notification, client, application, state, reason, rule, attempts, failed,
	first_attempt, next_attempt, error, changed_at, claim,
	(SELECT identity FROM notification WHERE id = delivery.notification)`

const deliveryWidth = 14

// deliveryOf returns the delivery with those columns.
func deliveryOf(values []driver.Value) (d ppm.Delivery, err error) {
	identity, _ := values[13].([]byte)
	state := number(values[3])
	if len(identity) != ppm.IdentitySize || state < stateWaiting || state > stateNotWanted {
		return ppm.Delivery{}, damaged(number(values[0]))
	}
	d.Receipt = ppm.NewReceipt(number(values[0]), ppm.Identity(identity))
	d.Client = number(values[1])
	d.Application, _ = values[2].(string)
	d.State = states[state]
	d.Reason, _ = values[4].(string)
	d.Rule = number(values[5])
	d.Attempts, d.Failed = int(number(values[6])), int(number(values[7]))
	if values[8] != nil {
		d.FirstAttempt = at(number(values[8]))
	}
	if values[9] != nil {
		d.NextAttempt = at(number(values[9]))
	}
	d.Error, _ = values[10].(string)
	d.Changed = at(number(values[11]))
	d.Claim = number(values[12])
	return d, nil
}

// deliveries runs a query for deliveryColumns.
func (s *Store) deliveries(ctx context.Context, query string, args ...any) ([]ppm.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, plain(err)
	}
	defer rows.Close()
	var found []ppm.Delivery
	var scanned, to [deliveryWidth]any
	for i := range scanned {
		to[i] = &scanned[i]
	}
	for rows.Next() {
		if err := rows.Scan(to[:]...); err != nil {
			return nil, plain(err)
		}
		values := make([]driver.Value, deliveryWidth)
		for i, v := range scanned {
			values[i] = v
		}
		d, err := deliveryOf(values)
		if err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	return found, plain(rows.Err())
}

// DeadLetters implements [db.Store].
func (s *Store) DeadLetters(ctx context.Context, client int64, after ppm.DeliveryName, limit int) ([]ppm.Delivery, error) {
	before, beforeClient := int64(math.MaxInt64), int64(math.MaxInt64)
	if after.Receipt != "" {
		n, err := after.Receipt.Number()
		if err != nil {
			return nil, err
		}
		before, beforeClient = n, after.Client
	}
	query, args := deadOfAll, []any{before, beforeClient, max(0, limit)}
	if client >= 0 {
		query, args = deadOfOne, []any{client, before, beforeClient, max(0, limit)}
	}
	found, err := s.deliveries(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	return found, nil
}

const (
	deadOfAll = `
		SELECT ` + deliveryColumns + `
		FROM delivery INDEXED BY delivery_dead
		WHERE state = 4 AND (notification, client) < (?, ?)
		ORDER BY notification DESC, client DESC
		LIMIT ?`
	deadOfOne = `
		SELECT ` + deliveryColumns + `
		FROM delivery INDEXED BY delivery_gave_up
		WHERE state = 4 AND client = ? AND (notification, client) < (?, ?)
		ORDER BY notification DESC
		LIMIT ?`
)

// States implements [db.Store].
func (s *Store) States(ctx context.Context, r ppm.Receipt) ([]ppm.Delivery, error) {
	id, err := r.Number()
	if err != nil {
		return nil, err
	}
	var identity []byte
	err = s.read.QueryRowContext(ctx, `SELECT identity FROM notification WHERE id = ?`, id).Scan(&identity)
	if err == sql.ErrNoRows || err == nil && (len(identity) != ppm.IdentitySize || !r.Names(id, ppm.Identity(identity))) {
		err = db.ErrNotFound
	}
	var found []ppm.Delivery
	if err == nil {
		found, err = s.deliveries(ctx, statesQuery, id)
	}
	if err != nil {
		return nil, fmt.Errorf("notification %s: %w", r, plain(err))
	}
	return found, nil
}

const statesQuery = `
	SELECT ` + deliveryColumns + `
	FROM delivery
	WHERE notification = ?
	ORDER BY client`
