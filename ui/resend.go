package ui

import (
	"net/http"
	"strconv"

	"processmanager/ppm"
)

// resendOrder is the body of a request to send again.
type resendOrder struct {
	Selection ppm.Selection `json:"selection"`
	Dry       bool          `json:"dry,omitempty"`
}

// apiResend sends each answer as soon as it is known, so that a caller who stops
// it by going away knows how far it got.
func (s *Server) apiResend(w http.ResponseWriter, r *http.Request) {
	var order resendOrder
	by, err := orderOf(r, &order)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	l := newLines(w)
	err = s.store.Resend(r.Context(), order.Selection, order.Dry, by, func(done ppm.Resending) error {
		item, err := itemLine(done)
		if err != nil {
			return err
		}
		return l.write(item)
	})
	s.finish(w, r, l, err)
}

// deadLetters is a page of dead letters on the wire; the next page is asked for
// with the last one's name.
type deadLetters struct {
	DeadLetters []ppm.Delivery `json:"deadLetters"`
}

func (s *Server) apiDeadLetters(r *http.Request) (any, error) {
	q := r.URL.Query()
	limit, err := limitOf(q)
	if err != nil {
		return nil, err
	}
	client, err := clientOf(q.Get("client"), -1)
	if err != nil {
		return nil, err
	}
	after := ppm.DeliveryName{Receipt: ppm.Receipt(q.Get("after"))}
	if after.Receipt != "" {
		if after.Client, err = clientOf(q.Get("afterClient"), 0); err != nil {
			return nil, err
		}
	}
	list, err := s.store.DeadLetters(r.Context(), client, after, limit)
	return deadLetters{list}, err
}

// clientOf reads the number of a client, or of the fetching, which is 0.
func clientOf(text string, otherwise int64) (int64, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("client, afterClient: give the number of a client")
	}
	return n, nil
}
