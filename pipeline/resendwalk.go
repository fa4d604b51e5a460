package pipeline

import (
	"context"
	"errors"
	"slices"

	"processmanager/ppm"
)

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

// walkDead goes through the notifications of the dead letters: there may be few
// among many.
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
		var receipts []ppm.Receipt
		last := after.Receipt // which may have further ones on this page
		for _, d := range page {
			if d.Receipt != last {
				receipts, last = append(receipts, d.Receipt), d.Receipt
			}
		}
		if err := r.each(ctx, receipts); err != nil {
			return err
		}
		after = page[len(page)-1].DeliveryName
	}
}

// each sends what is selected of some notifications.
func (r *resend) each(ctx context.Context, receipts []ppm.Receipt) error {
	if err := ctx.Err(); err != nil {
		return err
	}
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

// send sends some deliveries again, or tells what would be.
func (r *resend) send(ctx context.Context, names []ppm.DeliveryName, states []ppm.Delivery) error {
	was := make(map[ppm.DeliveryName]ppm.Delivery, len(states))
	for _, d := range states {
		was[d.DeliveryName] = d
	}
	var leave []ppm.DeliveryName
	var answers []ppm.Resending
	for _, name := range names {
		d := was[name]
		answer := ppm.Resending{DeliveryName: name, Application: d.Application, Name: r.names[name.Client], From: d.State}
		if err := r.refuse(ctx, &answer, d); err != nil {
			return err
		}
		if answer.Refused != "" || r.Dry {
			answers = append(answers, answer)
			continue
		}
		leave = append(leave, name)
	}
	if err := r.tell(answers); err != nil {
		return err
	}
	for some := range slices.Chunk(leave, resendStep) {
		if err := r.leave(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// leave sends deliveries again and tells what became of them, also of those
// before an error.
func (r *resend) leave(ctx context.Context, names []ppm.DeliveryName) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !r.begun {
		if err := r.audit(ctx, "resending", ""); err != nil {
			return err
		}
		r.begun = true
	}
	answers, failed := r.store.Resend(context.WithoutCancel(ctx), names, r.Confirmed)
	for _, a := range answers {
		if a.Refused == "" {
			r.sent++ // whether or not anybody still listens
		}
	}
	return errors.Join(failed, r.tell(answers))
}

func (r *resend) tell(answers []ppm.Resending) error {
	for _, a := range answers {
		if err := r.step(a); err != nil {
			return err
		}
	}
	return nil
}

// refuse says in answer why a delivery that is d cannot be sent again, if so.
// The store has the last word; dry, nothing may be left to it. One that gave up
// because no rule could be applied is decided anew.
func (r *resend) refuse(ctx context.Context, answer *ppm.Resending, d ppm.Delivery) error {
	undecidable := d.State == ppm.GaveUp && d.Attempts == 0 && d.Error == ""
	switch {
	case d.State == ppm.Waiting, d.State == ppm.NeedsData:
		answer.Refused = "it is on its way already"
	case d.State == ppm.Delivered && !r.Confirmed && d.Client == ppm.ClearmatchAPI:
		answer.Refused = "it has been fetched"
	case d.State == ppm.Delivered && !r.Confirmed:
		answer.Refused = "the client has confirmed it"
	case undecidable, r.Dry:
		n, err := r.store.Find(ctx, answer.Receipt)
		if err != nil {
			return err
		}
		answer.Application, answer.Refused = n.Application, unsendable(n)
		if undecidable && answer.Refused == "" {
			answer.Refused = r.unwanted(n, d.Client)
		}
	}
	return nil
}

// unsendable says why nothing of n can be sent; "": it can.
func unsendable(n ppm.Detail) string {
	switch {
	case n.Status == ppm.Queued && n.Fetching == nil && len(n.Deliveries) == 0:
		return "the notification has not been looked at yet"
	case n.Erased:
		return "its content has been erased or has expired"
	}
	return ""
}

// unwanted says why a client does not want n by its rules as they are now; "": it does.
func (r *resend) unwanted(n ppm.Detail, client int64) string {
	for _, decision := range r.choice.decide(n.Record, dataOf(n)) {
		if decision.Client == client && decision.Outcome != ppm.Wanted {
			return decision.Reason
		}
	}
	return ""
}
