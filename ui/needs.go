package ui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"processmanager/ppm"
)

// apiName is what pages call Clearmatch's API where they would name a client.
const apiName = "Clearmatch"

// A need is something that a person has to look at: all that one cause keeps
// from one client.
type need struct {
	Client  int64 // 0: Clearmatch's API
	Name    string
	Cause   cause
	Error   string // as it was said last
	Since   time.Time
	Dead    []ppm.DeliveryName // that gave up because of it, as far as was looked
	GaveUp  int64              // how many did; more than Dead if only the newest were looked at
	Whole   bool               // it is the only cause at the client: all its dead letters are meant
	Waiting int64              // for the client to be reached again
	Held    bool
}

// deadLooked is how many dead letters of a client are looked at for their causes.
const deadLooked = 500

// needs returns what needs a person, the largest first.
func (s *Server) needs(ctx context.Context, st Status, clients []Client) ([]need, error) {
	var all []need
	for _, c := range append([]Client{{Client: ppm.Client{Name: apiName}}}, clients...) {
		if c.Removed != nil {
			continue
		}
		of, err := s.needsOf(ctx, c)
		if err != nil {
			return nil, err
		}
		all = append(all, s.withDown(of, c, st.Down)...)
	}
	slices.SortStableFunc(all, func(a, b need) int { return cmp.Compare(b.GaveUp+b.Waiting, a.GaveUp+a.Waiting) })
	return all, nil
}

// needsOf groups a client's dead letters by cause.
func (s *Server) needsOf(ctx context.Context, c Client) ([]need, error) {
	if c.Number != ppm.ClearmatchAPI && c.GaveUp == 0 {
		return nil, nil
	}
	dead, err := s.store.DeadLetters(ctx, c.Number, ppm.DeliveryName{}, deadLooked)
	if err != nil {
		return nil, err
	}
	var needs []need
	for _, d := range dead {
		why := causeOfDead(d)
		i := slices.IndexFunc(needs, func(n need) bool { return n.Cause.Key == why.Key })
		if i < 0 {
			i = len(needs)
			needs = append(needs, need{Client: c.Number, Name: c.Name, Cause: why, Error: d.Error, Since: d.Changed, Held: c.Held})
		}
		n := &needs[i]
		n.Dead = append(n.Dead, d.DeliveryName)
		n.GaveUp++
		if d.Changed.Before(n.Since) {
			n.Since = d.Changed
		}
	}
	if len(needs) == 1 {
		needs[0].Whole = true
		needs[0].GaveUp = max(needs[0].GaveUp, c.GaveUp)
	}
	return needs, nil
}

// withDown adds that a client is not reached at present.
func (s *Server) withDown(needs []need, c Client, down []Down) []need {
	i := slices.IndexFunc(down, func(d Down) bool { return d.Client == c.Number })
	if i < 0 {
		return needs
	}
	d, why := down[i], causeOf(down[i].Error)
	j := slices.IndexFunc(needs, func(n need) bool { return n.Cause.Key == why.Key })
	if j < 0 {
		j = len(needs)
		needs = append(needs, need{Client: c.Number, Name: c.Name, Cause: why, Held: c.Held})
	}
	n := &needs[j]
	n.Error, n.Waiting, n.Since = d.Error, d.Waiting, d.Since
	return needs
}

// needOf returns one of the needs, by client and cause.
func (s *Server) needOf(ctx context.Context, client int64, key string) (need, error) {
	st, err := s.status(ctx)
	if err != nil {
		return need{}, err
	}
	clients, err := s.store.Clients(ctx)
	if err != nil {
		return need{}, err
	}
	all, err := s.needs(ctx, st, clients)
	if err != nil {
		return need{}, err
	}
	for _, n := range all {
		if n.Client == client && n.Cause.Key == key {
			return n, nil
		}
	}
	return need{}, Refusal{errors.New("nothing is left of this: it has been mended or sent already")}
}

// selection is what sends again everything that the need has kept back.
func (n need) selection() ppm.Selection {
	if n.Whole && n.Client != ppm.ClearmatchAPI {
		return ppm.Selection{Client: n.Client, Dead: true}
	}
	s := ppm.Selection{Client: n.Client, Dead: true}
	for _, d := range n.Dead {
		s.Receipts = append(s.Receipts, d.Receipt)
	}
	return s
}

// line says in one line how much is kept back, and since when.
func (n need) line(now time.Time) string {
	text := "since " + clock(n.Since, now)
	if n.Waiting > 0 {
		text += fmt.Sprintf(" · %s waiting", number(n.Waiting))
	}
	if n.GaveUp > 0 {
		text += fmt.Sprintf(" · gave up on %s", number(n.GaveUp))
		if !n.Whole && len(n.Dead) == deadLooked {
			text += " or more"
		}
	}
	return text
}
