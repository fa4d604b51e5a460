// Package ui serves the dashboard and the local API that the commands use
// beside a running service, both on one loopback address, and holds that API's
// client, [Remote]. It shows what the store has; what happens to notifications
// is decided elsewhere.
package ui

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"processmanager/assets"
	"processmanager/ppm"
)

// A Reader is what the dashboard asks of the notifications kept. Its methods
// may be called concurrently.
type Reader interface {
	// List returns a page of the notifications.
	List(ctx context.Context, p ppm.Page) ([]ppm.Record, error)

	// Find returns one of them; its error wraps db.ErrNotFound when there is none.
	Find(ctx context.Context, r ppm.Receipt) (ppm.Detail, error)

	// Search returns a page of those in which every word of text occurs, and
	// how many are too new to be found.
	Search(ctx context.Context, text string, p ppm.Page) (found []ppm.Record, behind int64, err error)

	// Rejections returns what could not be used, newest first, older than
	// before (0: from the newest), without the bodies.
	Rejections(ctx context.Context, before int64, limit int) ([]ppm.Rejection, error)

	// Rejection returns one of them with its body; its error wraps
	// db.ErrNotFound when there is none.
	Rejection(ctx context.Context, id int64) (ppm.Rejection, error)
}

// A Store is a [Reader] and a [Desk], and can be copied while it is in use.
type Store interface {
	Reader
	Desk

	// Backup makes a backup, proves it, and tells progress (which may be nil)
	// now and then how far the copying has come.
	Backup(ctx context.Context, order BackupOrder, progress func(done, total int)) (ppm.Backup, error)
}

// Options are what a [Server] needs; all but Log are required.
type Options struct {
	Store  Store
	Token  string // what a caller of the API must show
	Status func(context.Context) (Status, error)
	Log    *slog.Logger // nil: nothing is logged
}

// A Server answers the dashboard's pages and the local API.
type Server struct {
	store  Store
	token  [sha256.Size]byte
	status func(context.Context) (Status, error)
	log    *slog.Logger
}

// New returns a server; it starts nothing.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{store: o.Store, token: sha256.Sum256([]byte(o.Token)), status: o.Status, log: o.Log}
}

// Handler returns the whole of it: pages, assets and API, behind the checks
// that keep web pages and other users of this machine out.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", reads(s.home))
	mux.Handle(assets.Prefix, reads(assets.Handler().ServeHTTP))
	mux.Handle("/api/", s.authorised(s.api()))
	return ownHost(harmless(http.NewCrossOriginProtection().Handler(mux)))
}

// stopGrace is how long answers already begun may take once a stop was asked for.
const stopGrace = 3 * time.Second

// Serve answers on ln until ctx ends, then lets short answers finish, ends long
// ones (an export, a backup) and returns. It closes ln. It refuses an address
// that other machines could reach, because what it shows is personal data and
// goes over the wire as it is.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if a, ok := ln.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		ln.Close()
		return fmt.Errorf("dashboard.listen: %s can be reached from other machines; give a loopback address such as 127.0.0.1:8484", ln.Addr())
	}
	// Requests end for one of two reasons that are told apart: we stop, or the
	// caller has gone.
	requests, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(errStopping)
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end(errStopping)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			srv.Close()
		}
	})
	err := srv.Serve(ln)
	if !release() {
		<-stopped
		return nil
	}
	srv.Close()
	return fmt.Errorf("serve the dashboard on %s: %w", ln.Addr(), err)
}
