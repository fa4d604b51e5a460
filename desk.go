package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"processmanager/backup"
	"processmanager/client"
	"processmanager/config"
	"processmanager/db"
	"processmanager/delivery"
	"processmanager/pipeline"
	"processmanager/ppm"
	"processmanager/rule"
	"processmanager/secret"
	"processmanager/ui"
)

// A desk is the store as people deal with it: what they say is checked by those
// who know before it is kept.
type desk struct {
	vault
	backups *backup.Maker
}

var _ ui.Store = desk{}

// openWay returns the way to a client.
func openWay(c ppm.Client) (delivery.Way, error) {
	return client.Open(c, client.Options{Version: version()})
}

// Backup implements [ui.Store].
func (d desk) Backup(ctx context.Context, order ui.BackupOrder, progress func(done, total int)) (ppm.Backup, error) {
	return d.backups.Make(ctx, order.To, order.Passphrase, progress)
}

// Clients implements [ui.Desk].
func (d desk) Clients(ctx context.Context) ([]ui.Client, error) {
	all, err := d.vault.Clients(ctx)
	if err != nil {
		return nil, err
	}
	subscriptions, err := d.Store.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	shown := make([]ui.Client, len(all))
	for i, c := range all {
		shown[i] = show(c)
		for _, s := range subscriptions {
			if s.Client == c.Number {
				shown[i].Wants = append(shown[i].Wants, s)
			}
		}
	}
	return shown, nil
}

// show returns c without its secrets.
func show(c ppm.Client) ui.Client {
	shown := ui.Client{Client: c, SecretsSet: []string{}, Wants: []ppm.Subscription{}, Down: c.Down()}
	for name := range c.Secrets {
		shown.SecretsSet = append(shown.SecretsSet, name)
	}
	slices.Sort(shown.SecretsSet)
	shown.Secrets = nil
	return shown
}

// client returns a client that has not been removed.
func (d desk) client(ctx context.Context, number int64) (ppm.Client, error) {
	all, err := d.vault.Clients(ctx)
	if err != nil {
		return ppm.Client{}, err
	}
	for _, c := range all {
		if c.Number == number && c.Removed == nil {
			return c, nil
		}
	}
	return ppm.Client{}, fmt.Errorf("client %d: %w", number, db.ErrNotFound)
}

// SaveClient implements [ui.Desk].
func (d desk) SaveClient(ctx context.Context, number int64, change ui.ClientChange, by string) (ui.Client, error) {
	c := ui.NewClient()
	var err error
	if number != 0 {
		if c, err = d.client(ctx, number); err != nil {
			return ui.Client{}, err
		}
	}
	if c, err = change.Apply(c); err != nil {
		return ui.Client{}, err
	}
	if err := d.readable(c); err != nil {
		return ui.Client{}, ui.Refusal{Err: err}
	}
	way, err := client.Open(c, client.Options{})
	if err != nil {
		return ui.Client{}, ui.Refusal{Err: err}
	}
	if err := way.Close(); err != nil {
		return ui.Client{}, err
	}
	if number, err = d.vault.SaveClient(ctx, c, by); errors.Is(err, secret.ErrWaiting) {
		return ui.Client{}, ui.Refusal{Err: err}
	} else if err != nil {
		return ui.Client{}, err
	}
	all, err := d.Clients(ctx)
	if err != nil {
		return ui.Client{}, err
	}
	for _, saved := range all {
		if saved.Number == number {
			return saved, nil
		}
	}
	return ui.Client{}, fmt.Errorf("client %d: %w", number, db.ErrNotFound)
}

// TestClient implements [ui.Desk].
func (d desk) TestClient(ctx context.Context, number int64, r ppm.Receipt, by string) (ppm.AttemptSummary, error) {
	c, err := d.client(ctx, number)
	if err != nil {
		return ppm.AttemptSummary{}, err
	}
	if err := d.readable(c); err != nil {
		return ppm.AttemptSummary{}, ui.Refusal{Err: err}
	}
	parcel, err := d.testParcel(ctx, number, r)
	if err != nil {
		return ppm.AttemptSummary{}, err
	}
	way, err := client.Open(c, client.Options{Version: version()})
	if err != nil {
		return ppm.AttemptSummary{}, ui.Refusal{Err: err}
	}
	defer way.Close()
	if err := d.Store.Audit(ctx, ppm.Action{At: time.Now(), By: by, What: "client tested", About: c.Name, Details: string(r)}); err != nil {
		return ppm.AttemptSummary{}, err
	}
	limit, cancel := context.WithTimeout(ctx, client.Limit(c))
	defer cancel()
	began := time.Now()
	response, err := way.Deliver(limit, parcel)
	made := ppm.AttemptSummary{Began: began.UTC(), Took: time.Since(began), Status: response.Status, Excerpt: response.Excerpt}
	if err != nil {
		made.Error = err.Error()
	}
	return made, nil
}

// testParcel is what a client is tried out with: a notification that is kept,
// or a sample that says what it is.
func (d desk) testParcel(ctx context.Context, number int64, r ppm.Receipt) (ppm.Parcel, error) {
	if r != "" {
		found, err := d.Store.Find(ctx, r)
		if err != nil {
			return ppm.Parcel{}, err
		}
		return d.Store.Load(ctx, ppm.Delivery{DeliveryName: ppm.DeliveryName{Receipt: found.Receipt, Client: number}, Application: found.Application})
	}
	n := ppm.Notification{
		Application: "TEST", Type: "ppm.test", Partner: "TEST", Event: "a test of this client; nothing has happened",
		EventTime: time.Now().UTC().Format("2006-01-02T15:04:05"), Content: "https://test.invalid/application/TEST",
	}
	body, err := json.Marshal(n)
	if err != nil {
		return ppm.Parcel{}, err
	}
	name := ppm.DeliveryName{Receipt: "TEST-" + ppm.Receipt(time.Now().UTC().Format("20060102150405.000")), Client: number}
	name.Receipt = ppm.Receipt(strings.ReplaceAll(string(name.Receipt), ".", ""))
	return ppm.Parcel{
		Delivery: ppm.Delivery{DeliveryName: name, Application: n.Application}, Key: name.Key(),
		Notification: n, ReceivedAt: time.Now().UTC(), Body: body, Data: []byte(`{"test":true}`), DataAt: time.Now().UTC(),
	}, nil
}

// SaveSubscription implements [ui.Desk].
func (d desk) SaveSubscription(ctx context.Context, s ppm.Subscription, by string) (ppm.Subscription, error) {
	if _, err := rule.Compile(s.Rule); err != nil {
		return s, ui.Refusal{Err: err}
	}
	return d.Store.SaveSubscription(ctx, s, by)
}

// TryRule implements [ui.Desk].
func (d desk) TryRule(ctx context.Context, s ppm.Subscription, since time.Time, step func(ui.Trial) error) (looked int64, err error) {
	err = pipeline.TryRule(ctx, d.Store, s, since, func(t pipeline.Trial) error {
		looked++
		if !t.Wanted && !t.Was {
			return nil
		}
		return step(ui.Trial{Record: t.Record, Wanted: t.Wanted, Reason: t.Reason, Was: t.Was, Looked: looked})
	})
	var wrong *rule.Error
	if errors.As(err, &wrong) {
		err = ui.Refusal{Err: err}
	}
	return looked, err
}

// Resend implements [ui.Desk].
func (d desk) Resend(ctx context.Context, s ppm.Selection, dry bool, by string, step func(ppm.Resending) error) error {
	return pipeline.Resend(ctx, d.Store, s, pipeline.ResendOptions{Dry: dry, By: by}, step)
}

// retention returns how long what is personal is kept.
func retention(r config.Retention) ppm.Retention {
	const day = 24 * time.Hour
	return ppm.Retention{Bodies: time.Duration(r.BodiesDays) * day, DeadLetters: time.Duration(r.DeadLettersDays) * day}
}
