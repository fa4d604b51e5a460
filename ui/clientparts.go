package ui

import (
	"context"
	"fmt"
	"slices"
	"time"

	"processmanager/ppm"
)

// A clientView is what has become of a notification and one client.
type clientView struct {
	Name   string
	State  chipView
	Reason string // why it is wanted, or is not
	Error  string
	Remedy string
	Key    string // what every attempt carries
	Tries  []tryView
	Retry  bool
	Number string
}

// A tryView is one attempt.
type tryView struct {
	When  momentView
	Took  string
	State chipView
	Error string
	Said  *documentView // what the client answered
}

// clientViews are the clients of a notification, after the fetching of the application.
func clientViews(d ppm.Detail, veiled bool, now time.Time) []clientView {
	all := d.Deliveries
	if d.Fetching != nil {
		fetching := *d.Fetching
		fetching.Name = apiName
		all = append([]ppm.DeliveryDetail{fetching}, all...)
	}
	views := make([]clientView, len(all))
	for i, to := range all {
		v := clientView{
			Name: to.Name, State: deliveryChip(to.Delivery, to.Held, now), Reason: to.Reason, Error: to.Error, Key: to.Key,
			Retry: to.State == ppm.GaveUp, Number: fmt.Sprint(to.Client),
		}
		if to.Error != "" {
			v.Remedy = causeOf(to.Error).Remedy
		}
		for _, a := range slices.Backward(to.Made) {
			v.Tries = append(v.Tries, newTryView(a, veiled, now))
		}
		views[i] = v
	}
	return views
}

func newTryView(a ppm.AttemptSummary, veiled bool, now time.Time) tryView {
	v := tryView{When: momentAt(a.Began, now), Took: took(a.Took), State: chipView{"good", "check", "accepted"}, Error: a.Error}
	if a.Error != "" {
		v.State = chipView{"bad", "alert", "failed"}
	}
	if a.Status != 0 {
		v.State.Word += fmt.Sprintf(" (%d)", a.Status)
	}
	if len(a.Excerpt) > 0 {
		said := newDocumentView(string(a.Excerpt), veiled)
		v.Said = &said
	}
	return v
}

// An actionView is something that a person did.
type actionView struct {
	When           momentView
	By, What       string
	About, Details string
}

// actionsShown is how many actions a notification's history has.
const actionsShown = 100

// history is who did what about a notification and its application.
func (s *Server) history(ctx context.Context, d ppm.Detail, now time.Time) ([]actionView, error) {
	all, err := s.store.Actions(ctx, string(d.Receipt), 0, actionsShown)
	if err != nil {
		return nil, err
	}
	if d.Application != "" {
		about, err := s.store.Actions(ctx, d.Application, 0, actionsShown)
		if err != nil {
			return nil, err
		}
		all = append(all, about...)
	}
	slices.SortFunc(all, func(a, b ppm.Action) int { return b.At.Compare(a.At) })
	views := make([]actionView, len(all))
	for i, a := range all {
		views[i] = actionView{momentAt(a.At, now), a.By, a.What, a.About, a.Details}
	}
	return views, nil
}
