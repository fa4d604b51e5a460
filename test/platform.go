//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// A platform is Clearmatch's single sign-on and its API on a loopback address,
// and a stranger who listens beside them.
type platform struct {
	api, thief string // addresses, without a path
	secret     string // of the client partner
	token      string // what it gives out
	data       string // what it tells of every application

	mu      sync.Mutex
	asked   []string // paths asked for with the token
	strange []string // what should never have come, at either
	login   atomic.Int64
}

func (l *lab) newPlatform(secret, token, data string) (*platform, error) {
	p := &platform{secret: secret, token: token, data: data}
	for address, handler := range map[*string]http.HandlerFunc{&p.api: p.answer, &p.thief: p.steal} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		*address = "http://" + ln.Addr().String()
		server := &http.Server{Handler: handler}
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.Serve(ln) })
		l.cleanup(func() error { err := server.Close(); serving.Wait(); return err })
	}
	return p, nil
}

func (p *platform) answer(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	switch {
	case r.URL.Path == "/sso/token" && r.Method == http.MethodPost:
		if user != "partner" || password != p.secret {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		p.login.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, p.token)
	case strings.HasPrefix(r.URL.Path, "/v1/moved/"):
		http.Redirect(w, r, p.thief+"/v1/A1", http.StatusTemporaryRedirect)
	case strings.HasPrefix(r.URL.Path, "/v1/") && r.Header.Get("Authorization") == "Bearer "+p.token:
		p.mu.Lock()
		p.asked = append(p.asked, r.URL.Path)
		p.mu.Unlock()
		fmt.Fprint(w, p.data)
	default:
		p.note(r)
		http.Error(w, "no", http.StatusForbidden)
	}
}

func (p *platform) steal(_ http.ResponseWriter, r *http.Request) { p.note(r) }

func (p *platform) note(r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strange = append(p.strange, fmt.Sprintf("%s http://%s%s with %q", r.Method, r.Host, r.URL, r.Header.Get("Authorization")))
}

// configure has the program of a data folder, which is not running, fetch from p.
func (p *platform) configure(data string) error {
	// Dotted keys belong before the first section.
	file := filepath.Join(data, "config.toml")
	rest, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text := fmt.Sprintf("clearmatch.api_base = %q\nclearmatch.token_url = %q\nclearmatch.client_id = 'partner'\nclearmatch.client_secret = %q\n",
		p.api+"/v1", p.api+"/sso/token", p.secret)
	rest = []byte(strings.ReplaceAll(string(rest), "\n[clearmatch]\n", "\n"))
	return os.WriteFile(file, append([]byte(text), rest...), 0o600)
}
