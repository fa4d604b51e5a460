package ui

import (
	"context"
	"encoding/json"
	"time"

	"processmanager/ppm"
)

// A recorder is a desk that notes what it is asked for, and answers always the
// same or, if fail is set, with that.
type recorder struct {
	calls []any
	fail  error
	block bool // streams wait for the end of their context before they fail
}

var _ Desk = (*recorder)(nil)

// A call is what a desk was asked for.
type call struct {
	what string
	args []any
}

func (d *recorder) note(what string, args ...any) error {
	d.calls = append(d.calls, call{what, args})
	return d.fail
}

var (
	name         = "Büro & Co"
	numberThree  = 3
	removed      = noon.Add(time.Hour)
	deliveryName = ppm.DeliveryName{Receipt: "12-AAAAAAAA", Client: 7}

	oneRule  = ppm.Rule{Number: 9, Type: "statusChange", Event: "Posted", Partner: "P1", When: `application.amount > 1e3 && notification.id != "<>"`, Since: noon}
	oneWants = ppm.Subscription{Number: 4, Client: 7, Rule: oneRule}
	oneShown = Client{
		Client: ppm.Client{
			Number: 7, Name: name, Kind: ppm.WebAddress, Settings: json.RawMessage(`{"url":"https://crm.example/"}`), Data: true, Ordered: true,
			Backoff: ppm.DefaultBackoff, Concurrency: 3, PerMinute: 60, Held: true, Created: noon, Removed: &removed,
			ClientHealth: ppm.ClientHealth{Waiting: 1, Delivered: 2, GaveUp: 3, Failing: 6, FailingSince: &removed, LastError: "503", LastDelivered: &removed},
		},
		SecretsSet: []string{"token"}, Wants: []ppm.Subscription{oneWants}, Down: true,
	}
	oneDelivery = ppm.Delivery{
		DeliveryName: deliveryName, Application: "A1", State: ppm.GaveUp, Reason: "rule 9", Rule: 9,
		Attempts: 5, Failed: 4, FirstAttempt: noon, NextAttempt: removed, Error: "410", Changed: noon,
	}
	oneAction = ppm.Action{Number: 3, At: noon, By: "maria", What: "erased", About: "A1", Details: "1 notification"}
)

func (d *recorder) Clients(context.Context) ([]Client, error) {
	return []Client{oneShown, {Client: NewClient(), SecretsSet: []string{}, Wants: []ppm.Subscription{}}}, d.note("Clients")
}

func (d *recorder) SaveClient(_ context.Context, number int64, change ClientChange, by string) (Client, error) {
	return oneShown, d.note("SaveClient", number, change, by)
}

func (d *recorder) HoldClient(_ context.Context, number int64, held bool, by string) error {
	return d.note("HoldClient", number, held, by)
}

func (d *recorder) RemoveClient(_ context.Context, number int64, by string) error {
	return d.note("RemoveClient", number, by)
}

func (d *recorder) TestClient(_ context.Context, number int64, r ppm.Receipt, by string) (ppm.AttemptSummary, error) {
	return ppm.AttemptSummary{Began: noon, Took: 1234567, Status: 503, Error: "busy", Excerpt: []byte{0, 0xff}}, d.note("TestClient", number, r, by)
}

func (d *recorder) SaveSubscription(_ context.Context, s ppm.Subscription, by string) (ppm.Subscription, error) {
	return oneWants, d.note("SaveSubscription", s, by)
}

func (d *recorder) RemoveSubscription(_ context.Context, number int64, by string) error {
	return d.note("RemoveSubscription", number, by)
}

func (d *recorder) Rules(_ context.Context, subscription int64) ([]ppm.Rule, error) {
	return []ppm.Rule{oneRule, {Number: 10, Since: removed}}, d.note("Rules", subscription)
}

func (d *recorder) TryRule(ctx context.Context, s ppm.Subscription, since time.Time, step func(Trial) error) (int64, error) {
	err := d.note("TryRule", s, since)
	for i := range int64(3) {
		t := Trial{Record: remember(1).kept[0].Record, Wanted: i != 1, Reason: "rule 9", Was: i == 1, Looked: 5 * (i + 1)}
		if e := step(t); e != nil {
			return 5 * (i + 1), e
		}
	}
	return 17, d.ended(ctx, err)
}

func (d *recorder) Resend(ctx context.Context, s ppm.Selection, dry bool, by string, step func(ppm.Resending) error) error {
	err := d.note("Resend", s, dry, by)
	for _, refused := range []string{"", "it is on its way already"} {
		if e := step(ppm.Resending{DeliveryName: deliveryName, Application: "A1", Name: name, From: ppm.GaveUp, Refused: refused}); e != nil {
			return e
		}
	}
	return d.ended(ctx, err)
}

func (d *recorder) ended(ctx context.Context, err error) error {
	if d.block {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (d *recorder) DeadLetters(_ context.Context, client int64, after ppm.DeliveryName, limit int) ([]ppm.Delivery, error) {
	return []ppm.Delivery{oneDelivery}, d.note("DeadLetters", client, after, limit)
}

func (d *recorder) Actions(_ context.Context, about string, before int64, limit int) ([]ppm.Action, error) {
	return []ppm.Action{oneAction}, d.note("Actions", about, before, limit)
}

func (d *recorder) Erase(_ context.Context, application, by string) (ppm.Erased, error) {
	return ppm.Erased{Notifications: 3, Rejections: 2, Stopped: 1}, d.note("Erase", application, by)
}
