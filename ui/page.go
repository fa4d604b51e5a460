package ui

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"processmanager/db"
	"processmanager/ppm"
)

//go:generate go -C .. tool -modfile=.ci/tools/go.mod templ generate

// A page is what a handler gives to be shown inside the frame.
type page struct {
	Title string          // for the window
	Place string          // the address of the entry in the navigation that it belongs to
	Body  templ.Component // the contents of <main>
	Split string          // "split" for a list with its views, "split three" with a detail beside it; "": one column
}

// pages returns the addresses of the dashboard. Those under shows and does are
// for visitors only. Nothing that is asked for with GET changes anything.
func (s *Server) pages() map[string]methods {
	return map[string]methods{
		"/open":   {"GET": s.openPage, "HEAD": s.openPage, "POST": s.open},
		"/leave":  {"POST": s.signedIn(s.leave)},
		"/events": {"GET": s.signedIn(s.events)},
		"/{$}":    s.shows(s.home),
		"/hold":   s.does(s.hold),

		"/retry":           both(s.shows(s.retryPage), s.does(s.retry)),
		"/jobs/{job}":      s.shows(s.job),
		"/jobs/{job}/stop": s.does(s.stopJob),

		"/notifications":                  s.shows(s.notifications),
		"/notifications/{receipt}":        s.shows(s.notification),
		"/notifications/{receipt}/reveal": s.does(s.reveal),
	}
}

// shows is the methods of a page.
func (s *Server) shows(h func(*http.Request) (page, error)) methods {
	return reads(s.signedIn(func(w http.ResponseWriter, r *http.Request) {
		p, err := h(r)
		if err != nil {
			s.pageFault(w, r, err)
			return
		}
		s.show(w, r, http.StatusOK, p)
	}))
}

// An outcome says what came of an action, and where to go on.
type outcome struct {
	To     string // an address of ours
	Notice string // what to tell there; "": nothing
	Bad    bool   // it did not work
}

// does is the methods of an action: a plain form is posted, and the answer leads
// to a page that can be loaded again without doing it again.
func (s *Server) does(h func(*http.Request) (outcome, error)) methods {
	return methods{http.MethodPost: s.signedIn(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxOrder)
		if err := r.ParseForm(); err != nil {
			s.pageFault(w, r, badRequest("the form could not be read"))
			return
		}
		o, err := h(r)
		if err != nil {
			s.pageFault(w, r, err)
			return
		}
		if o.Notice != "" {
			o.To = s.sessions.notify(asking(r), o.To, o.Notice, o.Bad)
		}
		http.Redirect(w, r, o.To, http.StatusSeeOther)
	})}
}

// both is the methods of an address that has a page and an action.
func both(page, action methods) methods {
	all := methods{}
	for _, m := range []methods{page, action} {
		for method, h := range m {
			all[method] = h
		}
	}
	return all
}

// show answers with a page or, where the script asks for what has changed, with
// the contents of <main> alone.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, p page) {
	w.Header().Set("Vary", "Fragment, Cookie")
	if r.Header.Get("Fragment") == "live" {
		s.render(w, r, status, p.Body)
		return
	}
	v := frameView{page: p, By: asking(r).By, Places: places(p.Place)}
	if id := r.URL.Query().Get("notice"); id != "" {
		v.Notice = s.sessions.notice(asking(r), id)
	}
	s.render(w, r, status, frame(v))
}

// pageFault shows an error as a page: facts about what was asked for as they
// are; of anything else the log tells more.
func (s *Server) pageFault(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	v := troubleView{Heading: "This could not be shown.", Text: "Something went wrong while it was looked up. Try again; if it stays so, the log tells more.", Again: r.URL.RequestURI()}
	var bad Refusal
	switch {
	case stopping(r):
		status, v.Heading, v.Text = http.StatusServiceUnavailable, "ppm is stopping.", "This page comes back when it runs again."
	case r.Context().Err() != nil:
		return // the caller has gone
	case errors.As(err, &bad):
		status, v.Heading, v.Text, v.Again = http.StatusBadRequest, "This cannot be done.", sentence(bad.Error()), ""
	case errors.Is(err, db.ErrNotFound), errors.Is(err, ppm.ErrBadReceipt):
		status, v.Heading, v.Text, v.Again = http.StatusNotFound, "There is no such thing.", "Nothing is kept under this address. Perhaps it was mistyped, or an older backup was put back.", ""
	case errors.Is(err, db.ErrUnavailable):
		status, v.Heading, v.Text = http.StatusServiceUnavailable, "This cannot be read just now.", "ppm is starting, stopping, or its disk is in trouble. Try again in a moment."
	case errors.Is(err, db.ErrDamaged):
		v.Heading, v.Text = "The database is damaged.", "What was read is not what was written. Put back a backup with: ppm restore FILE."
		s.log.Error("page not shown", "path", r.URL.Path, "err", err)
	default:
		s.log.Warn("page not shown", "path", r.URL.Path, "err", err)
	}
	s.show(w, r, status, page{Title: v.Heading, Body: troublePage(v)})
}

// sentence makes an error's text the beginning and the end of a sentence.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// render writes a page whole or, when it fails, a plain 500.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	var b bytes.Buffer
	// What has been looked up is shown, even while we stop.
	if err := page.Render(context.WithoutCancel(r.Context()), &b); err != nil {
		s.log.Error("page not rendered", "path", r.URL.Path, "err", err)
		http.Error(w, "This page could not be shown; the log tells why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}
