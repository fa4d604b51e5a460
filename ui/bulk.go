package ui

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"processmanager/ppm"
)

// A bulk is what somebody wants to send again: some notifications, what one
// cause has kept back, or all that match a search. Only dead letters of it are
// meant; what is on its way or confirmed is left as it is.
type bulk struct {
	Fields []field // to ask for it once more
	Words  string  // what is asked for

	// selections calls yield with each part of it, until that returns an error.
	selections func(ctx context.Context, yield func(ppm.Selection) error) error
}

// maxChosen is how many notifications can be chosen one by one.
const maxChosen = 1000

// bulkOf reads what is asked for: from the address of a confirmation, or from
// the form that confirms it.
func (s *Server) bulkOf(ctx context.Context, form url.Values) (bulk, error) {
	switch {
	case len(form["receipt"]) > 0:
		return chosenBulk(form["receipt"])
	case form.Get("cause") != "":
		client, err := clientOf(form.Get("client"), 0)
		if err != nil {
			return bulk{}, err
		}
		n, err := s.needOf(ctx, client, form.Get("cause"))
		if err != nil {
			return bulk{}, err
		}
		b := bulk{Fields: []field{{"client", form.Get("client")}, {"cause", form.Get("cause")}}, Words: "All that was given up on because " + n.Name + " " + n.Cause.Title}
		b.selections = one(n.selection())
		return b, nil
	case form.Get("q") != "":
		return s.searchBulk(ctx, form.Get("q"))
	}
	return bulk{}, badRequest("choose what to send again first")
}

func one(selection ppm.Selection) func(context.Context, func(ppm.Selection) error) error {
	return func(_ context.Context, yield func(ppm.Selection) error) error { return yield(selection) }
}

func chosenBulk(receipts []string) (bulk, error) {
	if len(receipts) > maxChosen {
		return bulk{}, badRequest("so many cannot be chosen one by one; send all that match a search")
	}
	b := bulk{Words: count(int64(len(receipts)), "notification that you chose", "notifications that you chose")}
	selection := ppm.Selection{Dead: true}
	for _, r := range receipts {
		b.Fields = append(b.Fields, field{"receipt", r})
		selection.Receipts = append(selection.Receipts, ppm.Receipt(r))
	}
	b.selections = one(selection)
	return b, nil
}

// searchBulk is all that match a search at this moment.
func (s *Server) searchBulk(ctx context.Context, typed string) (bulk, error) {
	clients, err := s.store.Clients(ctx)
	if err != nil {
		return bulk{}, err
	}
	now := time.Now()
	q, err := queryOf(termsOf(typed), clients, now)
	if err != nil {
		return bulk{}, err
	}
	q.Until = now // what arrives meanwhile was not asked for
	b := bulk{Fields: []field{{"q", typed}}, Words: "All that match " + typed}
	b.selections = func(ctx context.Context, yield func(ppm.Selection) error) error {
		for after := ppm.Receipt(""); ; {
			found, err := s.book.Browse(ctx, q, ppm.Page{After: after, Limit: 200})
			if err != nil {
				return err
			}
			selection := ppm.Selection{Client: q.Client, Dead: true}
			for _, f := range found.Found {
				if slices.ContainsFunc(f.Deliveries, func(d ppm.Delivery) bool { return d.State == ppm.GaveUp }) {
					selection.Receipts = append(selection.Receipts, f.Receipt)
				}
			}
			if len(selection.Receipts) > 0 {
				if err := yield(selection); err != nil {
					return err
				}
			}
			if after = found.Next; after == "" {
				return nil
			}
		}
	}
	return b, nil
}

// A confirmView says what would leave, before it does.
type confirmView struct {
	Words    string
	Sentence string
	To       []confirmTo
	Fields   []field
	Button   string // "": there is nothing to send
	Back     string
}

// A confirmTo is what would leave for one client, and how fast.
type confirmTo struct{ Name, What, Pace string }

// confirmMost is how much is counted beforehand.
const confirmMost = 2000

var errEnough = errors.New("enough has been counted")

// retryPage says what a retry would send, to whom and how fast.
func (s *Server) retryPage(r *http.Request) (page, error) {
	ctx := r.Context()
	b, err := s.bulkOf(ctx, r.URL.Query())
	if err != nil {
		return page{}, err
	}
	clients, err := s.store.Clients(ctx)
	if err != nil {
		return page{}, err
	}
	leaves, total := map[int64]int64{}, int64(0)
	err = b.selections(ctx, func(selection ppm.Selection) error {
		return s.store.Resend(ctx, selection, true, asking(r).By, func(would ppm.Resending) error {
			if would.Refused == "" {
				leaves[would.Client]++
				total++
			}
			if total >= confirmMost {
				return errEnough
			}
			return nil
		})
	})
	if err != nil && !errors.Is(err, errEnough) {
		return page{}, err
	}
	v := newConfirmView(b, clients, leaves, total, err != nil)
	return page{Title: "Send again?", Place: "/notifications", Body: confirmPage(v)}, nil
}

func newConfirmView(b bulk, clients []Client, leaves map[int64]int64, total int64, more bool) confirmView {
	v := confirmView{Words: sentence(b.Words), Fields: b.Fields, Back: "/"}
	if total == 0 {
		v.Sentence = "There is nothing to send: nothing of it has been given up on. What is on its way, or has been confirmed, is left as it is."
		return v
	}
	n := number(total)
	if more {
		n = "at least " + n
	}
	v.Sentence = "They will be sent again at once, as often as at first: " + n + " in all."
	v.Button = "Send " + n + " again"
	if total == 1 {
		v.Sentence, v.Button = "It will be sent again at once, and as often as at first.", "Send it again"
	}
	if leaves[ppm.ClearmatchAPI] > 0 {
		v.To = append(v.To, confirmTo{apiName, count(leaves[ppm.ClearmatchAPI], "application to fetch", "applications to fetch"), ""})
	}
	for _, c := range clients {
		if leaves[c.Number] == 0 {
			continue
		}
		v.To = append(v.To, confirmTo{c.Name, count(leaves[c.Number], "delivery", "deliveries"), paceOf(c)})
	}
	return v
}

// paceOf says how fast a client is sent to.
func paceOf(c Client) string {
	parts := []string{count(int64(c.Concurrency), "at a time", "at a time")}
	if c.PerMinute > 0 {
		parts = append(parts, "at most "+number(int64(c.PerMinute))+" a minute")
	}
	if c.Held {
		parts = append(parts, "not before you let it go on, because it is held")
	}
	return strings.Join(parts, ", ")
}
