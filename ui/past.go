package ui

import (
	"net/http"
	"strings"

	"processmanager/ppm"
)

// actions is a page of the audit log on the wire; the next page is asked for
// with the last one's number.
type actions struct {
	Actions []ppm.Action `json:"actions"`
}

func (s *Server) apiActions(r *http.Request) (any, error) {
	q := r.URL.Query()
	limit, err := limitOf(q)
	if err != nil {
		return nil, err
	}
	before, err := beforeOf(q)
	if err != nil {
		return nil, err
	}
	list, err := s.store.Actions(r.Context(), q.Get("about"), before, limit)
	return actions{list}, err
}

// eraseOrder is the body of a request to erase an application.
type eraseOrder struct {
	Application string `json:"application"`
}

func (s *Server) apiErase(w http.ResponseWriter, r *http.Request) {
	var order eraseOrder
	by, err := orderOf(r, &order)
	if err == nil && strings.TrimSpace(order.Application) == "" {
		err = badRequest("application: give the number of an application")
	}
	if err != nil {
		s.fault(w, r, err)
		return
	}
	s.wait(w, r, func(func(done, total int)) (any, error) {
		return s.store.Erase(r.Context(), order.Application, by)
	})
}
