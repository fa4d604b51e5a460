package ui

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"processmanager/ppm"
)

// Clients returns all clients.
func (c *Remote) Clients(ctx context.Context) ([]Client, error) {
	var list clients
	err := c.get(ctx, "clients", nil, &list)
	return list.Clients, err
}

// SaveClient adds or changes a client.
func (c *Remote) SaveClient(ctx context.Context, number int64, change ClientChange, by string) (saved Client, err error) {
	if number == 0 {
		return saved, c.change(ctx, http.MethodPost, "clients", by, change, &saved)
	}
	return saved, c.change(ctx, http.MethodPatch, clientAddress(number, ""), by, change, &saved)
}

// HoldClient holds or resumes a client.
func (c *Remote) HoldClient(ctx context.Context, number int64, held bool, by string) error {
	verb := "/resume"
	if held {
		verb = "/hold"
	}
	return c.change(ctx, http.MethodPost, clientAddress(number, verb), by, nil, nil)
}

// RemoveClient removes a client.
func (c *Remote) RemoveClient(ctx context.Context, number int64, by string) error {
	return c.change(ctx, http.MethodDelete, clientAddress(number, ""), by, nil, nil)
}

// TestClient tries a client out.
func (c *Remote) TestClient(ctx context.Context, number int64, r ppm.Receipt, by string) (made ppm.AttemptSummary, err error) {
	return made, c.wait(ctx, clientAddress(number, "/test"), by, testOrder{r}, &made)
}

func clientAddress(number int64, verb string) string {
	return fmt.Sprintf("clients/%d%s", number, verb)
}

// SaveSubscription adds a subscription, or puts a rule in the place of one's.
func (c *Remote) SaveSubscription(ctx context.Context, s ppm.Subscription, by string) (saved ppm.Subscription, err error) {
	if s.Number == 0 {
		return saved, c.change(ctx, http.MethodPost, "subscriptions", by, s, &saved)
	}
	return saved, c.change(ctx, http.MethodPut, fmt.Sprintf("subscriptions/%d", s.Number), by, s, &saved)
}

// RemoveSubscription ends a subscription.
func (c *Remote) RemoveSubscription(ctx context.Context, number int64, by string) error {
	return c.change(ctx, http.MethodDelete, fmt.Sprintf("subscriptions/%d", number), by, nil, nil)
}

// Rules returns what a subscription has been.
func (c *Remote) Rules(ctx context.Context, subscription int64) ([]ppm.Rule, error) {
	var list rules
	err := c.get(ctx, fmt.Sprintf("subscriptions/%d/rules", subscription), nil, &list)
	return list.Rules, err
}

// TryRule tries a rule out.
func (c *Remote) TryRule(ctx context.Context, s ppm.Subscription, since time.Time, step func(Trial) error) (looked int64, err error) {
	err = c.stream(ctx, http.MethodPost, "rules/test", nil, tryOrder{s, since}, func(l line) error {
		if l.Done != nil {
			looked = int64(*l.Done)
		}
		if l.Item == nil {
			return nil
		}
		t := Trial{Looked: looked}
		if err := l.into(&t); err != nil {
			return err
		}
		return step(t)
	})
	return looked, err
}

// Resend has deliveries sent again; when ctx ends, the service stops too.
func (c *Remote) Resend(ctx context.Context, s ppm.Selection, dry bool, by string, step func(ppm.Resending) error) error {
	return c.stream(ctx, http.MethodPost, "resend", map[string][]string{"by": {by}}, resendOrder{s, dry}, func(l line) error {
		if l.Item == nil {
			return nil
		}
		var done ppm.Resending
		if err := l.into(&done); err != nil {
			return err
		}
		return step(done)
	})
}

// Erase removes what is personal of an application.
func (c *Remote) Erase(ctx context.Context, application, by string) (e ppm.Erased, err error) {
	return e, c.wait(ctx, "erase", by, eraseOrder{application}, &e)
}

// Open returns a link to the dashboard that lets a browser in once, in the name of by.
func (c *Remote) Open(ctx context.Context, by string) (Opening, error) {
	var o Opening
	err := c.change(ctx, http.MethodPost, "open", by, nil, &o)
	o.Link = c.base + o.Link
	return o, err
}
