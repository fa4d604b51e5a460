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

// pageSize is how many notifications or dead letters are read at a time.
const pageSize = 200

// Resend sends what s selects on its way again, newest notifications first, and
// calls step for each delivery once that is on disk. Dry, it tells step what
// would leave and what would not. It ends when ctx does or step returns an
// error, after what step has been told; the audit log says how far it came.
func Resend(ctx context.Context, store Past, s ppm.Selection, o ResendOptions, step func(ppm.Resending) error) error {
	r, err := newResend(ctx, store, s, o, step)
	if err != nil {
		return err
	}
	if !o.Dry {
		if err := r.audit(ctx, "resending", ""); err != nil {
			return err
		}
	}
	err = r.walk(ctx)
	if !o.Dry {
		outcome := fmt.Sprintf("%d sent on their way", r.sent)
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
	sent   int
}

func newResend(ctx context.Context, store Past, s ppm.Selection, o ResendOptions, step func(ppm.Resending) error) (*resend, error) {
	c, err := readChoice(ctx, store)
	if err != nil {
		return nil, err
	}
	r := &resend{Selection: s, ResendOptions: o, store: store, choice: c, step: step, names: map[int64]string{ppm.ClearmatchAPI: ""}}
	for _, client := range c.clients {
		r.names[client.Number] = client.Name
	}
	if _, known := r.names[s.Client]; !known {
		return nil, fmt.Errorf("client %d has been removed", s.Client)
	}
	return r, nil
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
		parts = append(parts, fmt.Sprintf("of %d notifications, %s first", n, r.Receipts[0]))
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

// walk goes through what may be selected.
func (r *resend) walk(ctx context.Context) error {
	if len(r.Receipts) > 0 {
		return r.each(ctx, r.Receipts)
	}
	if r.Dead && r.Search == "" && r.Since.IsZero() {
		return r.walkDead(ctx)
	}
	return past(ctx, r.store, r.Search, r.Since, func(page []ppm.Record) error {
		receipts := make([]ppm.Receipt, len(page))
		for i, n := range page {
			receipts[i] = n.Receipt
		}
		return r.each(ctx, receipts)
	})
}

// walkDead goes through the dead letters themselves: there may be few among
// many notifications.
func (r *resend) walkDead(ctx context.Context) error {
	client := r.Client
	if client == 0 {
		client = -1
	}
	var after ppm.DeliveryName
	for {
		page, err := r.store.DeadLetters(ctx, client, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		var names []ppm.DeliveryName
		for _, d := range page {
			if _, known := r.names[d.Client]; known {
				names = append(names, d.DeliveryName)
			}
		}
		if err := r.send(ctx, names, page); err != nil {
			return err
		}
		after = page[len(page)-1].DeliveryName
	}
}

// each sends what is selected of some notifications.
func (r *resend) each(ctx context.Context, receipts []ppm.Receipt) error {
	var names []ppm.DeliveryName
	var known []ppm.Delivery
	for _, receipt := range receipts {
		states, err := r.store.States(ctx, receipt)
		if err != nil {
			return err
		}
		known = append(known, states...)
		chosen, err := r.of(ctx, receipt, states)
		if err != nil {
			return err
		}
		names = append(names, chosen...)
	}
	return r.send(ctx, names, known)
}

// of returns which deliveries of a notification are selected.
func (r *resend) of(ctx context.Context, receipt ppm.Receipt, states []ppm.Delivery) (names []ppm.DeliveryName, err error) {
	state := make(map[int64]ppm.State)
	for _, d := range states {
		state[d.Client] = d.State
	}
	choose := func(client int64) { names = append(names, ppm.DeliveryName{Receipt: receipt, Client: client}) }
	if r.Missing {
		d, err := r.store.Find(ctx, receipt)
		if err != nil {
			return nil, err
		}
		for _, decision := range r.choice.decide(d.Record, dataOf(d)) {
			if r.to(decision.Client) && decision.Outcome == ppm.Wanted && state[decision.Client] != ppm.Delivered {
				choose(decision.Client)
			}
		}
		return names, nil
	}
	for _, client := range append([]chooser{{}}, r.choice.clients...) { // the first is the fetching
		is := state[client.Number]
		switch {
		case !r.to(client.Number):
		case r.Dead && is == ppm.GaveUp:
			choose(client.Number)
		case r.Dead, client.Number == ppm.ClearmatchAPI:
		case is != "" && is != ppm.NotWanted, r.Client != 0 && len(r.Receipts) > 0: // asked for by name
			choose(client.Number)
		}
	}
	return names, nil
}

// to reports whether a client is selected.
func (r *resend) to(client int64) bool { return r.Client == 0 || r.Client == client }

// send sends some deliveries again, or tells what would be. Those that gave up
// because no rule could be applied are decided anew first.
func (r *resend) send(ctx context.Context, names []ppm.DeliveryName, states []ppm.Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	was := make(map[ppm.DeliveryName]ppm.Delivery, len(states))
	for _, d := range states {
		was[d.DeliveryName] = d
	}
	var leave []ppm.DeliveryName
	var answers []ppm.Resending
	for _, name := range names {
		d := was[name]
		answer := ppm.Resending{DeliveryName: name, Application: d.Application, Name: r.names[name.Client], From: d.State}
		var err error
		if answer.Refused, err = r.refused(ctx, d); err != nil {
			return err
		}
		if answer.Refused != "" || r.Dry {
			answers = append(answers, answer)
			continue
		}
		leave = append(leave, name)
	}
	if len(leave) > 0 {
		sent, err := r.store.Resend(context.WithoutCancel(ctx), leave, r.Confirmed)
		if err != nil {
			return err
		}
		answers = append(answers, sent...)
	}
	for _, a := range answers {
		if a.Refused == "" {
			r.sent++
		}
		if err := r.step(a); err != nil {
			return err
		}
	}
	return nil
}

// refused says why a delivery cannot be sent again, where that can be said
// beforehand; the store has the last word.
func (r *resend) refused(ctx context.Context, d ppm.Delivery) (string, error) {
	switch {
	case d.State == ppm.Waiting, d.State == ppm.NeedsData:
		return "it is on its way already", nil
	case d.State == ppm.Delivered && !r.Confirmed && d.Client == ppm.ClearmatchAPI:
		return "it has been fetched", nil
	case d.State == ppm.Delivered && !r.Confirmed:
		return "the client has confirmed it", nil
	case d.State != ppm.GaveUp || d.Attempts > 0 || d.Error != "":
		return "", nil
	}
	now, err := r.store.Find(ctx, d.Receipt)
	if err != nil {
		return "", err
	}
	for _, decision := range r.choice.decide(now.Record, dataOf(now)) {
		if decision.Client == d.Client && decision.Outcome != ppm.Wanted {
			return decision.Reason, nil
		}
	}
	return "", nil
}
