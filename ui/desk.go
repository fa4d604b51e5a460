package ui

import (
	"context"
	"time"

	"processmanager/ppm"
)

// A Desk is where people say who wants notifications and which, and have them
// sent again or forgotten. Whatever changes something is told who did it, for
// the audit log. Its methods may be called concurrently. An error that is the
// asker's own fault is a [Refusal]; db.ErrNotFound and db.ErrExists are told too.
type Desk interface {
	// Clients returns all clients, also those removed, by number, and what
	// each of them wants. Their secrets are not told.
	Clients(ctx context.Context) ([]Client, error)

	// SaveClient changes the client with that number, or adds one (0), once it
	// has been found that it could be delivered to, and returns it as it is then.
	SaveClient(ctx context.Context, number int64, change ClientChange, by string) (Client, error)

	// HoldClient keeps everything for the client waiting, or lets it go again.
	HoldClient(ctx context.Context, number int64, held bool, by string) error

	// RemoveClient removes a client; what still waits for it becomes dead letters.
	RemoveClient(ctx context.Context, number int64, by string) error

	// TestClient gives the client a notification once, outside of the queue: the
	// one with that receipt or, where that is "", a sample that says it is one.
	// What came of it is no error but in the answer.
	TestClient(ctx context.Context, number int64, r ppm.Receipt, by string) (ppm.AttemptSummary, error)

	// SaveSubscription keeps a new subscription (Number 0) or a rule that takes
	// the place of one's present rule, if it can be understood.
	SaveSubscription(ctx context.Context, s ppm.Subscription, by string) (ppm.Subscription, error)

	// RemoveSubscription ends a subscription. Its rules are kept.
	RemoveSubscription(ctx context.Context, number int64, by string) error

	// Rules returns every rule that a subscription has had, oldest first.
	Rules(ctx context.Context, subscription int64) ([]ppm.Rule, error)

	// TryRule applies a rule to what has been received since then and calls step
	// for each notification that it or the rules in force choose, and returns
	// how many were looked at. A number of s says which rule it would replace.
	TryRule(ctx context.Context, s ppm.Subscription, since time.Time, step func(Trial) error) (looked int64, err error)

	// Resend sends what s selects on its way again, and calls step for each
	// delivery after what was done with it is on disk. Dry, it only tells. It
	// can be broken off at any time, by ctx or an error of step.
	Resend(ctx context.Context, s ppm.Selection, dry bool, by string, step func(ppm.Resending) error) error

	// DeadLetters returns deliveries that gave up, and fetches, of the newest
	// notifications first, to one client (all: -1), beyond after.
	DeadLetters(ctx context.Context, client int64, after ppm.DeliveryName, limit int) ([]ppm.Delivery, error)

	// Actions returns what people did, newest first, older than before (0:
	// from the newest), about something in particular ("": about anything).
	Actions(ctx context.Context, about string, before int64, limit int) ([]ppm.Action, error)

	// Erase removes everything personal of one application from the store.
	Erase(ctx context.Context, application, by string) (ppm.Erased, error)
}

// A Client is a client as it is shown: with the names of its secrets instead of
// the secrets, and what it wants.
type Client struct {
	ppm.Client
	SecretsSet []string           `json:"secretsSet"` // by name, in order
	Wants      []ppm.Subscription `json:"wants"`      // by number
	Down       bool               `json:"down"`       // not reached at present
}

// A Trial is what a rule comes to for one notification already received.
type Trial struct {
	ppm.Record
	Wanted bool   `json:"wanted"` // by the rule that is tried
	Reason string `json:"reason"` // why, or why not
	Was    bool   `json:"was"`    // wanted by the rules in force
	Looked int64  `json:"-"`      // how many have been looked at, this one included
}

// A Refusal is an error that is the fault of whoever asked, and says what to
// do about it.
type Refusal struct{ Err error }

func (e Refusal) Error() string { return e.Err.Error() }
func (e Refusal) Unwrap() error { return e.Err }
