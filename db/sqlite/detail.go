package sqlite

import (
	"context"
	"database/sql"
	"time"

	"processmanager/ppm"
)

// maxMade bounds the attempts that Find returns of one delivery: the newest.
const maxMade = 100

// after adds to d what has happened to the notification since it was kept.
func (s *Store) after(ctx context.Context, id int64, d *ppm.Detail) (err error) {
	if d.Fetches, err = list(ctx, s.read, func(row scanner) (f ppm.Fetch, err error) {
		var when int64
		err = row.Scan(&when, &f.Data)
		f.At = at(when)
		return f, err
	}, `
		SELECT fetched_at, coalesce(data, x'')
		FROM fetch
		WHERE notification = ?
		ORDER BY nth`, id); err != nil {
		return err
	}
	states, err := s.deliveries(ctx, statesQuery, id)
	if err != nil {
		return err
	}
	d.Deliveries = []ppm.DeliveryDetail{}
	for _, state := range states {
		one := ppm.DeliveryDetail{Delivery: state, Key: state.Key()}
		if one.Made, err = s.made(ctx, id, state.Client); err != nil {
			return err
		}
		if state.Client == ppm.ClearmatchAPI {
			d.Fetching = &one
			continue
		}
		if err := s.read.QueryRowContext(ctx, `SELECT name, held FROM client WHERE id = ?`, state.Client).Scan(&one.Name, &one.Held); err != nil {
			return err
		}
		d.Deliveries = append(d.Deliveries, one)
	}
	return nil
}

// made returns the attempts at a delivery, oldest first.
func (s *Store) made(ctx context.Context, id, client int64) ([]ppm.AttemptSummary, error) {
	return list(ctx, s.read, func(row scanner) (a ppm.AttemptSummary, err error) {
		var began, took int64
		var excerpt sql.Null[[]byte]
		err = row.Scan(&began, &took, &a.Status, &a.Error, &excerpt)
		a.Began, a.Took, a.Excerpt = at(began), time.Duration(took)*time.Microsecond, excerpt.V
		return a, err
	}, `
		SELECT began_at, took, status, error, excerpt
		FROM (
			SELECT *
			FROM attempt
			WHERE notification = ? AND client = ?
			ORDER BY nth DESC
			LIMIT ?)
		ORDER BY nth`, id, client, maxMade)
}
