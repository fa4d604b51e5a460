package ui

import (
	"net/http"
	"path/filepath"
)

// backupOrder is the body of a request for a backup.
type backupOrder struct {
	To string `json:"to"`
}

func (o backupOrder) check() error {
	if !filepath.IsAbs(o.To) {
		return badRequest("to: give the whole path of a file on this machine")
	}
	return nil
}

func (s *Server) apiBackup(w http.ResponseWriter, r *http.Request) {
	var order backupOrder
	if err := read(r, &order); err != nil {
		s.fault(w, r, err)
		return
	}
	if err := order.check(); err != nil {
		s.fault(w, r, err)
		return
	}
	s.wait(w, r, func(progress func(done, total int)) (any, error) {
		return nil, s.store.Backup(r.Context(), order.To, progress)
	})
}
