package dbtest

import (
	"errors"
	"testing"
	"time"

	"processmanager/ppm"
)

var healthTests = tests{
	"OnlyTheClientsOwnFailuresCountAgainstIt": onlyTheClientsOwnFailuresCountAgainstIt,
	"FetchingHasAHealth":                      fetchingHasAHealth,
}

// What fails against the API is known without it being a client.
func fetchingHasAHealth(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	for i := range ppm.DownAfter {
		accept(t, s, Arrival(i))
	}
	route(t, s, crm)
	at := time.Now()
	attempt(t, s, ppm.ClearmatchAPI, at, func(ppm.Delivery) (ppm.Response, error) { return ppm.Response{}, errors.New("refused") })
	h, err := s.Fetching(t.Context())
	if err != nil || !h.Down() || h.Waiting != ppm.DownAfter || h.LastError != "refused" || h.FailingSince == nil {
		t.Errorf("after failures: %+v, %v", h, err)
	}
	if all, err := s.Clients(t.Context()); err != nil || len(all) != 1 || all[0].Down() {
		t.Errorf("clients: %+v, %v", all, err)
	}
	attempt(t, s, ppm.ClearmatchAPI, at.Add(time.Minute), func(ppm.Delivery) (ppm.Response, error) {
		return ppm.Response{Data: []byte(`{}`)}, nil
	})
	if h, err := s.Fetching(t.Context()); err != nil || h.Down() || h.Waiting != 0 || h.LastDelivered == nil {
		t.Errorf("after a success: %+v, %v", h, err)
	}
}

// A client that refuses particular deliveries is there; one that does not
// answer is not.
func onlyTheClientsOwnFailuresCountAgainstIt(t *testing.T, e Engine) {
	for _, tt := range []struct {
		name     string
		response ppm.Response
		err      error
		failing  int
	}{
		{"no answer", ppm.Response{}, errors.New("timed out"), ppm.DownAfter},
		{"an answer that refuses", ppm.Response{Status: 503}, errors.New("503"), ppm.DownAfter},
		{"gone", ppm.Response{Status: 410}, ppm.PermanentError{Err: errors.New("410")}, 0},
		{"never tried", ppm.Response{}, ppm.PermanentError{Err: errors.New("not at the API")}, 0},
		{"about the delivery", ppm.Response{}, ppm.ParticularError{Err: errors.New("not JSON")}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := e.open(t, t.TempDir())
			crm := keepClient(t, s, ppm.Client{Name: "CRM"})
			for i := range ppm.DownAfter {
				accept(t, s, Arrival(i))
			}
			wanted(t, s, crm)
			attempt(t, s, crm, time.Now(), func(ppm.Delivery) (ppm.Response, error) { return tt.response, tt.err })
			all, err := s.Clients(t.Context())
			if err != nil || len(all) != 1 || all[0].Failing != tt.failing || all[0].Down() != (tt.failing > 0) {
				t.Errorf("%+v, %v; want %d failing", all, err, tt.failing)
			}
		})
	}
}
