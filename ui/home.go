package ui

import (
	"bytes"
	"net/http"

	"github.com/a-h/templ"
)

//go:generate go -C .. tool -modfile=.ci/tools/go.mod templ generate

// home tells whoever asks that the service runs, and nothing of what it holds:
// anybody on this machine may ask.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	v := homeView{
		Lamp:    "good",
		Heading: "It is running.",
		Lead:    "This computer takes notifications from Clearmatch, keeps each one safely, and only then acknowledges it.",
	}
	if st, err := s.status(r.Context()); err != nil || st.Health != Healthy {
		v = homeView{
			Lamp:    "bad",
			Heading: "Nothing can be kept.",
			Lead: "It is running, but just now it cannot keep what Clearmatch sends, and so acknowledges none of it: " +
				"Clearmatch has to send it again. Type ppm status to see why.",
		}
	}
	s.render(w, r, http.StatusOK, homePage(v))
}

// render writes a page whole or, when it fails, a plain 500.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		s.log.Error("page not rendered", "path", r.URL.Path, "err", err)
		http.Error(w, "This page could not be shown; the log tells why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}
