package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"processmanager/ppm"
	"processmanager/rule"
)

// past calls each for pages of the notifications received since then, newest
// first: those with the words of search, or all.
func past(ctx context.Context, store Past, search string, since time.Time, each func([]ppm.Record) error) error {
	var after ppm.Receipt
	for {
		page := ppm.Page{After: after, Limit: pageSize}
		var found []ppm.Record
		var err error
		if search == "" {
			found, err = store.List(ctx, page)
		} else {
			found, _, err = store.Search(ctx, search, page)
		}
		if err != nil || len(found) == 0 {
			return err
		}
		var wanted []ppm.Record
		over := false
		for _, n := range found {
			if !n.ReceivedAt.Before(since) {
				wanted = append(wanted, n)
			}
			over = over || n.ReceivedAt.Before(since.Add(-ppm.ClockSlack))
		}
		if err := each(wanted); err != nil || over {
			return err
		}
		after = found[len(found)-1].Receipt
	}
}

// dataOf returns the application's data as it was last fetched; nil: there is none.
func dataOf(d ppm.Detail) *rule.Data {
	for i := len(d.Fetches) - 1; i >= 0; i-- {
		if d.Fetches[i].Data != "" {
			return rule.NewData([]byte(d.Fetches[i].Data))
		}
	}
	return nil
}

// A Trial is what a rule comes to for one notification already received.
type Trial struct {
	ppm.Record
	Wanted bool   // by the rule that is tried
	Reason string // why, or why not
	Was    bool   // wanted by the rules in force
}

// TryRule applies the rule of s to what has been received since then, newest
// first, and calls step for each notification with what it comes to beside the
// rules in force. A number of s says which subscription's rule it would take
// the place of; without one it stands alone. What was erased or has expired is judged by what is left of it.
func TryRule(ctx context.Context, store Past, s ppm.Subscription, since time.Time, step func(Trial) error) error {
	r, err := rule.Compile(s.Rule)
	if err != nil {
		return err
	}
	present, would, err := readTrial(ctx, store, s, r)
	if err != nil {
		return err
	}
	return past(ctx, store, "", since, func(page []ppm.Record) error {
		for _, n := range page {
			d, err := store.Find(ctx, n.Receipt)
			if err != nil {
				return err
			}
			data := dataOf(d)
			is := would.decide(n, data, false)
			was := present.decide(n, data, false)
			if err := step(Trial{Record: n, Wanted: is.Outcome == ppm.Wanted, Reason: is.Reason, Was: was.Outcome == ppm.Wanted}); err != nil {
				return err
			}
		}
		return nil
	})
}

// readTrial returns the client of s as it chooses now, and as it would with r.
func readTrial(ctx context.Context, store Past, s ppm.Subscription, r *rule.Rule) (present, would chooser, err error) {
	clients, err := store.Clients(ctx)
	if err != nil {
		return present, would, err
	}
	subscriptions, err := store.Subscriptions(ctx)
	if err != nil {
		return present, would, err
	}
	var others []ppm.Subscription
	found := s.Number == 0
	for _, in := range subscriptions {
		if in.Number == s.Number {
			found, s.Client = true, in.Client
			continue
		}
		if s.Number != 0 {
			others = append(others, in)
		}
	}
	if !found {
		return present, would, fmt.Errorf("there is no subscription %d in force", s.Number)
	}
	silent := slog.New(slog.DiscardHandler)
	for i, c := range newChoice(clients, others, false, silent).clients {
		if c.Number == s.Client {
			c.rules = append(c.rules, r)
			return newChoice(clients, subscriptions, false, silent).clients[i], c, nil
		}
	}
	return present, would, fmt.Errorf("there is no client %d", s.Client)
}
