package ui

import (
	"net/http"
)

// hold keeps everything for a client waiting, or lets it go again.
func (s *Server) hold(r *http.Request) (outcome, error) {
	number, err := clientOf(r.PostForm.Get("client"), 0)
	if err != nil {
		return outcome{}, err
	}
	held := r.PostForm.Get("held") == "yes"
	if err := s.store.HoldClient(r.Context(), number, held, asking(r).By); err != nil {
		return outcome{}, err
	}
	if held {
		return outcome{To: "/", Notice: "Held: what is for this client waits until you let it go on. Nothing is lost meanwhile."}, nil
	}
	return outcome{To: "/", Notice: "It goes on: what was waiting is being sent."}, nil
}
