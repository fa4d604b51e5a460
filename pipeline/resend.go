package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"processmanager/ppm"
)

// A Past is what sending again asks of the store; see package db.
type Past interface {
	List(ctx context.Context, p ppm.Page) ([]ppm.Record, error)
	Search(ctx context.Context, text string, p ppm.Page) (found []ppm.Record, behind int64, err error)
	Find(ctx context.Context, r ppm.Receipt) (ppm.Detail, error)
	States(ctx context.Context, r ppm.Receipt) ([]ppm.Delivery, error)
	DeadLetters(ctx context.Context, client int64, after ppm.DeliveryName, limit int) ([]ppm.Delivery, error)
	Clients(ctx context.Context) ([]ppm.Client, error)
	Subscriptions(ctx context.Context) ([]ppm.Subscription, error)
	Resend(ctx context.Context, names []ppm.DeliveryName, confirmed bool) ([]ppm.Resending, error)
	Audit(ctx context.Context, a ppm.Action) error
}

// ResendOptions say how to send again.
type ResendOptions struct {
	Dry bool   // only tell; nothing changes
	By  string // who asked for it, for the audit log
}

const (
	pageSize   = 200 // how many notifications or dead letters are read at a time
	resendStep = 32  // how many deliveries are sent at a time, before it can be stopped
)

// Resend sends what s selects on its way again, newest notifications first, and
// calls step for each delivery once that is on disk. Dry, it tells step what
// would leave and what would not. It ends when ctx does or step returns an
// error, after what step has been told; the audit log says how far it came, and
// nothing where nothing was found to send.
func Resend(ctx context.Context, store Past, s ppm.Selection, o ResendOptions, step func(ppm.Resending) error) error {
	r, err := newResend(ctx, store, s, o, step)
	if err != nil {
		return err
	}
	err = r.walk(ctx)
	if r.begun {
		outcome := ppm.Counted(r.sent, "delivery", "deliveries") + " sent on the way"
		if err != nil {
			outcome += ", then stopped"
		}
		err = errors.Join(err, r.audit(context.WithoutCancel(ctx), "resent", outcome))
	}
	return err
}

type resend struct {
	ppm.Selection
	ResendOptions
	store  Past
	choice *choice
	names  map[int64]string // of clients that are not removed, and of the fetching
	step   func(ppm.Resending) error
	begun  bool // it is in the audit log
	sent   int64
}

func newResend(ctx context.Context, store Past, s ppm.Selection, o ResendOptions, step func(ppm.Resending) error) (*resend, error) {
	c, err := readChoice(ctx, store)
	if err != nil {
		return nil, err
	}
	s.Receipts = once(s.Receipts)
	r := &resend{Selection: s, ResendOptions: o, store: store, choice: c, step: step, names: map[int64]string{ppm.ClearmatchAPI: ""}}
	for _, client := range c.clients {
		r.names[client.Number] = client.Name
	}
	if _, known := r.names[s.Client]; !known {
		return nil, fmt.Errorf("client %d has been removed", s.Client)
	}
	return r, nil
}

// once returns receipts in their order as they are written, each only once.
func once(receipts []ppm.Receipt) []ppm.Receipt {
	seen := make(map[ppm.Receipt]bool, len(receipts))
	var each []ppm.Receipt
	for _, r := range receipts {
		if r = ppm.Receipt(strings.ToUpper(string(r))); !seen[r] {
			each, seen[r] = append(each, r), true
		}
	}
	return each
}

// readChoice returns the clients and rules as they are now. Whether data comes
// does not matter: what is there is there.
func readChoice(ctx context.Context, store Past) (*choice, error) {
	clients, err := store.Clients(ctx)
	if err != nil {
		return nil, err
	}
	subscriptions, err := store.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	return newChoice(clients, subscriptions, false, slog.New(slog.DiscardHandler)), nil
}

func (r *resend) audit(ctx context.Context, what, details string) error {
	about := r.words()
	if len(r.Receipts) == 1 {
		about = string(r.Receipts[0])
	}
	return r.store.Audit(ctx, ppm.Action{At: time.Now(), By: r.By, What: what, About: about, Details: details})
}

// words says what is selected.
func (r *resend) words() string {
	what := "deliveries"
	switch {
	case r.Dead:
		what = "dead letters"
	case r.Missing:
		what = "what is missing"
	case r.Confirmed:
		what = "deliveries, confirmed ones too"
	}
	parts := []string{what}
	if n := len(r.Receipts); n > 0 {
		parts = append(parts, fmt.Sprintf("of %s, %s first", ppm.Counted(n, "notification", "notifications"), r.Receipts[0]))
	}
	if r.Client != 0 {
		parts = append(parts, "to "+r.names[r.Client])
	}
	if r.Search != "" {
		parts = append(parts, "matching a search") // its words may be somebody's name
	}
	if !r.Since.IsZero() {
		parts = append(parts, "since "+r.Since.UTC().Format(time.RFC3339))
	}
	return strings.Join(parts, " ")
}
