package ui

import (
	"net/http"
	"net/url"
)

// A doorView is what somebody sees who has not been let in.
type doorView struct {
	Good    bool
	Heading string
	Lead    string
	Trouble string // what was wrong with the way they tried; "": nothing
	Code    string // what to come in with; "": they have none
}

// door shows the way in, and nothing of what is kept: anybody on this machine
// may ask for it.
func (s *Server) door(w http.ResponseWriter, r *http.Request, status int, trouble string) {
	v := s.doorView(r)
	v.Trouble = trouble
	s.render(w, r, status, doorPage(v))
}

func (s *Server) doorView(r *http.Request) doorView {
	if st, err := s.status(r.Context()); err != nil || st.Health != Healthy {
		return doorView{
			Heading: "Nothing can be kept.",
			Lead: "It is running, but just now it cannot keep what Clearmatch sends, and so acknowledges none of it: " +
				"Clearmatch has to send it again. Type ppm status to see why.",
		}
	}
	return doorView{
		Good:    true,
		Heading: "It is running.",
		Lead:    "This computer takes notifications from Clearmatch, keeps each one safely, and only then acknowledges it.",
	}
}

// openPage shows a button that uses the code in the address. Following a link
// changes nothing: what looks at links before people do must not use it up.
func (s *Server) openPage(w http.ResponseWriter, r *http.Request) {
	v := s.doorView(r)
	v.Code = r.URL.Query().Get("code")
	s.render(w, r, http.StatusOK, doorPage(v))
}

// open lets the bearer of a code in.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	cookie, ok := s.sessions.enter(r.FormValue("code"))
	if !ok {
		s.door(w, r, http.StatusForbidden, "This link has been used already, or is older than a minute. Ask for a new one.")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Value: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// leave ends the visitor's session.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	s.sessions.leave(asking(r))
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// An Opening is a way in to the dashboard, good once and for a short time.
type Opening struct {
	Link    string `json:"link"` // on the wire without the host
	Seconds int    `json:"seconds"`
}

func (s *Server) apiOpen(_ *http.Request, by string) (any, error) {
	code := url.Values{"code": {s.sessions.invite(by)}}
	return Opening{Link: "/open?" + code.Encode(), Seconds: int(codeTime.Seconds())}, nil
}
