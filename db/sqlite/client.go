package sqlite

import (
	"context"
	"fmt"

	"processmanager/ppm"
)

const clientColumns = `id, name, kind, settings, secrets, data, ordered, backoff, concurrency, per_minute, held, created_at,
	removed_at, ` + healthColumns

const healthColumns = `waiting, delivered, gave_up, failing, failing_since, last_error, last_delivered`

// scanHealth says where to scan healthColumns to.
func scanHealth(h *ppm.ClientHealth) []any {
	return []any{&h.Waiting, &h.Delivered, &h.GaveUp, &h.Failing, moment{&h.FailingSince}, &h.LastError, moment{&h.LastDelivered}}
}

// scanClient reads clientColumns.
func scanClient(row scanner) (c ppm.Client, err error) {
	var created int64
	err = row.Scan(append([]any{&c.Number, &c.Name, &c.Kind, asJSON{&c.Settings}, asJSON{&c.Secrets}, &c.Data, &c.Ordered, asJSON{&c.Backoff},
		&c.Concurrency, &c.PerMinute, &c.Held, &created, moment{&c.Removed}}, scanHealth(&c.ClientHealth)...)...)
	c.Created = at(created)
	return c, err
}

// Clients implements [db.Clients].
func (s *Store) Clients(ctx context.Context) ([]ppm.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	clients, err := list(ctx, s.read, scanClient, `
		SELECT `+clientColumns+`
		FROM client
		WHERE id <> ?
		ORDER BY id`, ppm.ClearmatchAPI)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", plain(err))
	}
	return clients, nil
}

// HoldClient implements [db.Clients].
func (s *Store) HoldClient(_ context.Context, number int64, held bool, by string) error {
	what := "client held"
	if !held {
		what = "client resumed"
	}
	return s.change(func(b *batch) error {
		c, err := b.clientInUse(number)
		if err != nil || c.Held == held {
			return err
		}
		if _, err := b.exec(`UPDATE client SET held = ? WHERE id = ?`, held, number); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return b.act(by, what, c.Name, "")
	})
}

// RemoveClient implements [db.Clients].
//
// Its secrets are forgotten. It is not held any more, or what is waiting for it
// would wait for ever.
func (s *Store) RemoveClient(_ context.Context, number int64, by string) error {
	return s.change(func(b *batch) error {
		c, err := b.clientInUse(number)
		if err != nil {
			return err
		}
		now := nowMicros()
		_, err = b.exec(`UPDATE client SET removed_at = ?, held = 0, secrets = '{}' WHERE id = ?`, now, number)
		if err != nil {
			return fmt.Errorf("remove client: %w", err)
		}
		_, err = b.exec(`UPDATE subscription SET ended_at = ? WHERE client = ? AND ended_at IS NULL`, now, number)
		if err != nil {
			return fmt.Errorf("end the subscriptions of the client: %w", err)
		}
		return b.act(by, "client removed", c.Name, "")
	})
}
