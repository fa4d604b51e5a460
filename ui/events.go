package ui

import (
	"fmt"
	"net/http"
	"time"

	"processmanager/db"
)

const (
	maxStreams = 32                     // pages that are kept up to date at a time
	hintPause  = 500 * time.Millisecond // between two hints to one page
	heartbeat  = 15 * time.Second       // so that both sides notice when the other is gone
)

// events tells a page that something has changed, never what: it then asks for
// itself again. A hint that is lost or comes late costs nothing.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.Header().Set("Retry-After", "10")
		fail(w, http.StatusServiceUnavailable, "too many pages are being kept up to date already; close some")
		return
	}
	arrivals, stop := s.book.Watch(db.Arrivals)
	defer stop()
	deliveries, stop := s.book.Watch(db.Deliveries)
	defer stop()
	outcomes, stop := s.book.Watch(db.Outcomes)
	defer stop()
	settings, stop := s.book.Watch(db.Settings)
	defer stop()

	w.Header().Set("Content-Type", "text/event-stream")
	to := http.NewResponseController(w)
	send := func(text string) error {
		to.SetWriteDeadline(time.Now().Add(plainTime))
		if _, err := fmt.Fprint(w, text); err != nil {
			return err
		}
		return to.Flush()
	}
	if send("retry: 2000\n\n") != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		text := "event: changed\ndata:\n\n"
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			text = ": still here\n\n"
		case <-arrivals:
		case <-deliveries:
		case <-outcomes:
		case <-settings:
		}
		if s.sessions.find(cookieOf(r)) == nil { // signed out meanwhile
			return
		}
		if send(text) != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(hintPause):
		}
	}
}
