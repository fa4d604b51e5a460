package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"processmanager/db"
	"processmanager/ppm"
)

const ruleColumns = `rule.id, type, event, partner, expression, since`

// Subscriptions implements [db.Clients].
func (s *Store) Subscriptions(ctx context.Context) ([]ppm.Subscription, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	all, err := list(ctx, s.read, func(row scanner) (u ppm.Subscription, err error) {
		u.Rule, err = scanRule(row, &u.Number, &u.Client)
		return u, err
	}, `
		SELECT subscription.id, client, `+ruleColumns+`
		FROM subscription
		JOIN rule ON rule.id = (SELECT max(id) FROM rule WHERE subscription = subscription.id)
		WHERE ended_at IS NULL
		ORDER BY subscription.id`)
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", plain(err))
	}
	return all, nil
}

// Rules implements [db.Clients].
func (s *Store) Rules(ctx context.Context, subscription int64) ([]ppm.Rule, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rules, err := list(ctx, s.read, func(row scanner) (ppm.Rule, error) { return scanRule(row) }, `
		SELECT `+ruleColumns+`
		FROM rule
		WHERE subscription = ?
		ORDER BY id`, subscription)
	if err == nil && len(rules) == 0 { // each has one from its beginning
		err = db.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("list the rules of subscription %d: %w", subscription, plain(err))
	}
	return rules, nil
}

// scanRule reads what else is asked for and then ruleColumns.
func scanRule(row scanner, before ...any) (r ppm.Rule, err error) {
	var since int64
	err = row.Scan(append(before, &r.Number, &r.Type, &r.Event, &r.Partner, &r.When, &since)...)
	r.Since = at(since)
	return r, err
}

// SaveSubscription implements [db.Clients]. It says itself since when the rule
// is in force. A rule like the present one leaves that as it is.
func (s *Store) SaveSubscription(_ context.Context, u ppm.Subscription, by string) (ppm.Subscription, error) {
	var saved ppm.Subscription
	err := s.change(func(b *batch) (err error) {
		saved = u
		what := "subscription added"
		if u.Number != 0 {
			what = "subscription changed"
			present, err := b.subscriptionInForce(u.Number)
			if err != nil {
				return err
			}
			if u.Client != 0 && u.Client != present.Client {
				return declined{fmt.Errorf("subscription %d of client %d: %w", u.Number, u.Client, db.ErrNotFound)}
			}
			saved.Client = present.Client
			if wants(u.Rule) == wants(present.Rule) {
				saved = present
				return nil
			}
		}
		c, err := b.clientInUse(saved.Client)
		if err != nil {
			return err
		}
		if err := b.addRule(&saved); err != nil {
			return fmt.Errorf("save the subscription of client %s: %w", c.Name, err)
		}
		return b.act(by, what, c.Name, described(saved))
	})
	if err != nil {
		return ppm.Subscription{}, err
	}
	return saved, nil
}

// addRule adds the rule of u, and u itself if it is new, and numbers them.
func (b *batch) addRule(u *ppm.Subscription) error {
	if u.Number == 0 {
		added, err := b.exec(`INSERT INTO subscription (client) VALUES (?)`, u.Client)
		if err != nil {
			return err
		}
		if u.Number, err = added.LastInsertId(); err != nil {
			return err
		}
	}
	since := nowMicros()
	added, err := b.exec(`
		INSERT INTO rule (subscription, type, event, partner, expression, since)
		VALUES (?, ?, ?, ?, ?, ?)`, u.Number, u.Type, u.Event, u.Partner, u.When, since)
	if err != nil {
		return err
	}
	u.Since = at(since)
	u.Rule.Number, err = added.LastInsertId()
	return err
}

// subscriptionInForce returns a subscription that has not ended.
func (b *batch) subscriptionInForce(id int64) (ppm.Subscription, error) {
	v, err := b.row(`
		SELECT client, `+ruleColumns+`
		FROM subscription
		JOIN rule ON rule.subscription = subscription.id
		WHERE subscription.id = ? AND ended_at IS NULL
		ORDER BY rule.id DESC
		LIMIT 1`, id)
	if errors.Is(err, io.EOF) {
		return ppm.Subscription{}, declined{fmt.Errorf("subscription %d: %w", id, db.ErrNotFound)}
	}
	if err != nil {
		return ppm.Subscription{}, fmt.Errorf("subscription %d: %w", id, err)
	}
	return ppm.Subscription{Number: id, Client: number(v[0]), Rule: writtenRule(v[1:])}, nil
}

// writtenRule is scanRule for the writer's connection.
func writtenRule(v []driver.Value) ppm.Rule {
	return ppm.Rule{Number: number(v[0]), Type: text(v[1]), Event: text(v[2]), Partner: text(v[3]), When: text(v[4]), Since: at(number(v[5]))}
}

// wants returns r without what says which one it is.
func wants(r ppm.Rule) ppm.Rule {
	return ppm.Rule{Type: r.Type, Event: r.Event, Partner: r.Partner, When: r.When}
}

// described says in words what u wants.
func described(u ppm.Subscription) string {
	words := []string{fmt.Sprintf("subscription %d, rule %d", u.Number, u.Rule.Number)}
	for _, m := range [...]struct{ name, value string }{
		{"type", u.Type}, {"event", u.Event}, {"partner", u.Partner}, {"when", u.When},
	} {
		if m.value != "" {
			words = append(words, m.name+" "+m.value)
		}
	}
	if len(words) == 1 {
		words = append(words, "everything")
	}
	return strings.Join(words, ", ")
}

// RemoveSubscription implements [db.Clients].
func (s *Store) RemoveSubscription(_ context.Context, number int64, by string) error {
	return s.change(func(b *batch) error {
		u, err := b.subscriptionInForce(number)
		if err != nil {
			return err
		}
		c, err := b.clientInUse(u.Client)
		if err != nil {
			return err
		}
		if _, err := b.exec(`UPDATE subscription SET ended_at = ? WHERE id = ?`, nowMicros(), number); err != nil {
			return fmt.Errorf("end subscription %d: %w", number, err)
		}
		return b.act(by, "subscription removed", c.Name, described(u))
	})
}
