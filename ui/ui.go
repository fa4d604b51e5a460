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
	"processmanager/db"
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

	// Backup writes a consistent copy to the file path, which must not exist,
	// and tells progress (which may be nil) now and then how far it has come.
	Backup(ctx context.Context, path string, progress func(done, total int)) error
}

// A Book is what the pages ask beyond what the API is asked.
type Book interface {
	// Browse returns a page of the notifications that fit q, newest first. It
	// looks at no more than it can in a moment: a page that is not full and has
	// a Next goes on there.
	Browse(ctx context.Context, q ppm.Query, p ppm.Page) (ppm.Finding, error)

	// ViewCounts returns how many notifications are in some views, up to a bound.
	ViewCounts(ctx context.Context) (ppm.ViewCounts, error)

	// Pace returns how many notifications arrived in each of so many equal
	// stretches of the time from since to until.
	Pace(ctx context.Context, since, until time.Time, stretches int) ([]ppm.Stretch, error)

	// Audit keeps an action and gives it its number.
	Audit(ctx context.Context, a ppm.Action) error

	// Watch returns a channel that receives, with room for one hint, after
	// something of the topic has been committed, and a function that ends it.
	Watch(db.Topic) (hints <-chan struct{}, stop func())
}

// Options are what a [Server] needs; all but Log are required.
type Options struct {
	Store  Store
	Book   Book
	Token  string // what a caller of the API must show
	Status func(context.Context) (Status, error)
	Log    *slog.Logger // nil: nothing is logged
}

// A Server answers the dashboard's pages and the local API.
type Server struct {
	store    Store
	book     Book
	token    [sha256.Size]byte
	status   func(context.Context) (Status, error)
	log      *slog.Logger
	sessions sessions
	jobs     jobs
	streams  chan struct{} // holds one for each page that is kept up to date
}

// New returns a server; it starts nothing.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{
		store: o.Store, book: o.Book, token: sha256.Sum256([]byte(o.Token)), status: o.Status, log: o.Log,
		streams: make(chan struct{}, maxStreams),
	}
}

// Handler returns the whole of it: pages, assets and API, behind the checks
// that keep web pages and other users of this machine out.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for address, m := range s.pages() {
		mux.Handle(address, m)
	}
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
	defer s.jobs.close()
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
