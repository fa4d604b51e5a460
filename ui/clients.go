package ui

import (
	"net/http"

	"processmanager/ppm"
)

// clients is the list of clients on the wire.
type clients struct {
	Clients []Client `json:"clients"`
}

func (s *Server) apiClients(r *http.Request) (any, error) {
	list, err := s.store.Clients(r.Context())
	return clients{list}, err
}

func (s *Server) apiAddClient(r *http.Request, by string) (any, error) {
	return s.saveClient(r, 0, by)
}

func (s *Server) apiSetClient(r *http.Request, by string) (any, error) {
	number, err := numberOf(r)
	if err != nil {
		return nil, err
	}
	return s.saveClient(r, number, by)
}

func (s *Server) saveClient(r *http.Request, number int64, by string) (any, error) {
	var change ClientChange
	if err := read(r, &change); err != nil {
		return nil, err
	}
	return s.store.SaveClient(r.Context(), number, change, by)
}

// nothing is the answer where there is nothing to tell but that it is done.
type nothing struct{}

func (s *Server) apiRemoveClient(r *http.Request, by string) (any, error) {
	number, err := numberOf(r)
	if err != nil {
		return nil, err
	}
	return nothing{}, s.store.RemoveClient(r.Context(), number, by)
}

func (s *Server) apiHoldClient(r *http.Request, by string) (any, error) {
	return s.holdClient(r, true, by)
}

func (s *Server) apiResumeClient(r *http.Request, by string) (any, error) {
	return s.holdClient(r, false, by)
}

func (s *Server) holdClient(r *http.Request, held bool, by string) (any, error) {
	number, err := numberOf(r)
	if err != nil {
		return nil, err
	}
	return nothing{}, s.store.HoldClient(r.Context(), number, held, by)
}

// testOrder is the body of a request to try a client out.
type testOrder struct {
	Receipt ppm.Receipt `json:"receipt,omitempty"` // "": a sample
}

func (s *Server) apiTestClient(w http.ResponseWriter, r *http.Request) {
	var order testOrder
	by, err := orderOf(r, &order)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	number, err := numberOf(r)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	s.wait(w, r, func(func(done, total int)) (any, error) {
		return s.store.TestClient(r.Context(), number, order.Receipt, by)
	})
}
