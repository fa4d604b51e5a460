package ui

import (
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ownHost refuses requests that name any host but this machine's own names and
// the port they came in on: a page from elsewhere whose name was made to point
// at 127.0.0.1 still sends its own name.
func ownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
		if local == nil || !isOwn(r.Host, local.Port) {
			fail(w, http.StatusMisdirectedRequest, "this is the dashboard of ppm; it answers as 127.0.0.1 or localhost only")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isOwn(host string, port int) bool {
	name, given, err := net.SplitHostPort(host)
	if err != nil { // a browser leaves port 80 out
		name, given = strings.Trim(host, "[]"), "80"
	}
	n, err := net.LookupPort("tcp", given)
	return err == nil && n == port && (strings.EqualFold(name, "localhost") || name == "127.0.0.1" || name == "::1")
}

// plainTime is how long an answer may take to be written; those that stream
// give themselves more as they go.
const plainTime = 30 * time.Second

// harmless sets the headers that keep a browser from running, framing, keeping
// or passing on anything it is shown.
func harmless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(plainTime))
		next.ServeHTTP(w, r)
	})
}

// authorised lets callers in who show the token. Hashes are compared, so that
// the time taken tells nothing of the token, not even its length.
func (s *Server) authorised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		shown := sha256.Sum256([]byte(token))
		if subtle.ConstantTimeCompare(shown[:], s.token[:]) != 1 || !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", `Bearer realm="ppm"`)
			fail(w, http.StatusUnauthorized, "show the token from the file api-token in the data folder: Authorization: Bearer …")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// methods answers each method in its own way and all others with 405.
type methods map[string]http.HandlerFunc

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := m[r.Method]; h != nil {
		h(w, r)
		return
	}
	allowed := slices.Sorted(maps.Keys(m))
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	fail(w, http.StatusMethodNotAllowed, "this address takes "+strings.Join(allowed, " and ")+" only")
}

// reads is the methods of something that is only looked at.
func reads(h http.HandlerFunc) methods { return methods{http.MethodGet: h, http.MethodHead: h} }
