package ui

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	codeTime    = time.Minute    // how long a link to come in with is good for
	maxCodes    = 16             // links not used yet; more drive out the oldest
	sessionTime = 12 * time.Hour // since it was last used
	maxSessions = 64
)

// A visitor is somebody who may see the pages: whoever could read the API's
// token, or was let in by somebody who could, and has the browser's cookie since.
type visitor struct {
	By string // the account, for the audit log

	key      [sha256.Size]byte // what it is found by
	used     time.Time
	notices  []notice
	revealed map[string]time.Time // whose personal data were unveiled, and when, by the application's number
}

// sessions are who may see the pages. They are gone when the service ends, and
// only hashes of codes and cookies are kept.
type sessions struct {
	mu       sync.Mutex
	codes    map[[sha256.Size]byte]code
	visitors map[[sha256.Size]byte]*visitor
}

// A code is what a one-time link has in it.
type code struct {
	by    string
	until time.Time
}

// secret returns 160 random bits, as text and as what is kept of it.
func secret() (text string, key [sha256.Size]byte) {
	text = rand.Text() + rand.Text()[:6]
	return text, sha256.Sum256([]byte(text))
}

// invite returns a code that lets whoever has it in, once, in the name of by.
func (s *sessions) invite(by string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var oldest [sha256.Size]byte
	for key, c := range s.codes {
		if now.After(c.until) {
			delete(s.codes, key)
		} else if before, ok := s.codes[oldest]; !ok || c.until.Before(before.until) {
			oldest = key
		}
	}
	if len(s.codes) >= maxCodes {
		delete(s.codes, oldest)
	}
	text, key := secret()
	if s.codes == nil {
		s.codes = make(map[[sha256.Size]byte]code)
	}
	s.codes[key] = code{by, now.Add(codeTime)}
	return text
}

// enter lets the bearer of a code in and returns the cookie's value; false if
// the code is not good, or not any more.
func (s *sessions) enter(given string) (cookie string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	hash := sha256.Sum256([]byte(given))
	c, ok := s.codes[hash]
	delete(s.codes, hash)
	if !ok || now.After(c.until) {
		return "", false
	}
	var idle *visitor
	for key, v := range s.visitors {
		if now.Sub(v.used) > sessionTime {
			delete(s.visitors, key)
		} else if idle == nil || v.used.Before(idle.used) {
			idle = v
		}
	}
	if len(s.visitors) >= maxSessions {
		delete(s.visitors, idle.key)
	}
	cookie, key := secret()
	if s.visitors == nil {
		s.visitors = make(map[[sha256.Size]byte]*visitor)
	}
	s.visitors[key] = &visitor{By: c.by, key: key, used: now}
	return cookie, true
}

// find returns the visitor with that cookie, nil if there is none.
func (s *sessions) find(cookie string) *visitor {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	v := s.visitors[sha256.Sum256([]byte(cookie))]
	if v == nil || now.Sub(v.used) > sessionTime {
		return nil
	}
	v.used = now
	return v
}

// leave ends a visitor's session.
func (s *sessions) leave(v *visitor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.visitors, v.key)
}

// cookieName has the port in it: to a browser all ports of a host are one.
func cookieName(r *http.Request) string {
	a, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if a == nil {
		return "ppm"
	}
	return fmt.Sprintf("ppm-%d", a.Port)
}

// cookieOf returns the value of the session's cookie, "" if there is none.
func cookieOf(r *http.Request) string {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

// visitorOf returns who asks, nil if it is nobody we know, or if the request
// was not made by the address bar or by our own pages.
func (s *Server) visitorOf(r *http.Request) *visitor {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return nil
	}
	return s.sessions.find(cookieOf(r))
}

type visitorKey struct{}

// signedIn lets visitors through to next and shows everybody else the way in.
func (s *Server) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.visitorOf(r)
		if v == nil {
			s.door(w, r, http.StatusUnauthorized, "")
			return
		}
		next(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, v)))
	}
}

// asking returns the visitor whom [Server.signedIn] let through.
func asking(r *http.Request) *visitor { return r.Context().Value(visitorKey{}).(*visitor) }
