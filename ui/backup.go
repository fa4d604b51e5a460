package ui

import (
	"net/http"
	"path/filepath"
)

// A BackupOrder says which backup is wanted.
type BackupOrder struct {
	To         string `json:"to,omitempty"`         // a whole path on this machine; "": the service names it, in its folder for backups
	Passphrase string `json:"passphrase,omitempty"` // to encrypt it with; "": that of the settings, if they have one
}

func (o BackupOrder) check() error {
	if o.To != "" && !filepath.IsAbs(o.To) {
		return badRequest("to: give the whole path of a file on this machine")
	}
	return nil
}

func (s *Server) apiBackup(w http.ResponseWriter, r *http.Request) {
	var order BackupOrder
	if err := read(r, &order); err != nil {
		s.fault(w, r, err)
		return
	}
	if err := order.check(); err != nil {
		s.fault(w, r, err)
		return
	}
	s.wait(w, r, func(progress func(done, total int)) (any, error) {
		return s.store.Backup(r.Context(), order, progress)
	})
}
