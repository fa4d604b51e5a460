package ui

import (
	"net/http"
	"time"

	"processmanager/ppm"
)

func (s *Server) apiAddSubscription(r *http.Request, by string) (any, error) {
	return s.saveSubscription(r, 0, by)
}

func (s *Server) apiSetSubscription(r *http.Request, by string) (any, error) {
	number, err := numberOf(r)
	if err != nil {
		return nil, err
	}
	return s.saveSubscription(r, number, by)
}

// saveSubscription keeps a rule; the numbers in it, but for the client's, are
// the store's to give.
func (s *Server) saveSubscription(r *http.Request, number int64, by string) (any, error) {
	var wanted ppm.Subscription
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	wanted.Number = number
	return s.store.SaveSubscription(r.Context(), wanted, by)
}

func (s *Server) apiRemoveSubscription(r *http.Request, by string) (any, error) {
	number, err := numberOf(r)
	if err != nil {
		return nil, err
	}
	return nothing{}, s.store.RemoveSubscription(r.Context(), number, by)
}

// rules is what a subscription has been, on the wire.
type rules struct {
	Rules []ppm.Rule `json:"rules"`
}

func (s *Server) apiRules(r *http.Request) (any, error) {
	number, err := numberOf(r)
	if err != nil {
		return nil, err
	}
	list, err := s.store.Rules(r.Context(), number)
	return rules{list}, err
}

// tryOrder is the body of a request to try a rule out. It is posted because it
// has a body; it changes nothing.
type tryOrder struct {
	Subscription ppm.Subscription `json:"subscription"`
	Since        time.Time        `json:"since,omitzero"`
}

func (s *Server) apiTryRule(w http.ResponseWriter, r *http.Request) {
	var order tryOrder
	if err := read(r, &order); err != nil {
		s.fault(w, r, err)
		return
	}
	l := newLines(w)
	looked, err := s.store.TryRule(r.Context(), order.Subscription, order.Since, func(t Trial) error {
		item, err := itemLine(t)
		if err != nil {
			return err
		}
		done := int(t.Looked)
		item.Done = &done
		return l.write(item)
	})
	if err == nil {
		done := int(looked)
		err = l.write(line{Done: &done})
	}
	s.finish(w, r, l, err)
}
