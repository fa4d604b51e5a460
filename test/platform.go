//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A platform is Clearmatch's single sign-on and its API on a loopback address,
// and a stranger who listens beside them. As long as it is flaky, it fails one
// request in ten.
type platform struct {
	api, thief string                          // addresses, without a path
	secret     string                          // of the client partner
	token      string                          // what it gives out begins with that
	data       func(application string) string // what it tells
	flaky      atomic.Bool
	login      atomic.Int64 // tokens given out

	mu        sync.Mutex
	told      map[string]int // answers in full, by path
	strange   []string       // what should never have come, at either
	withdrawn int            // tokens
	failed    map[string]int // in a row, by path
	failures  int            // in all
}

func (l *lab) newPlatform(secret, token string, data func(application string) string) (*platform, error) {
	p := &platform{secret: secret, token: token, data: data, told: map[string]int{}, failed: map[string]int{}}
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
	token := p.current()
	bearer := r.Header.Get("Authorization")
	switch {
	case r.URL.Path == "/sso/token" && r.Method == http.MethodPost:
		if user != "partner" || password != p.secret {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if p.give(w, r, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token)) {
			p.login.Add(1)
		}
	case strings.HasPrefix(r.URL.Path, "/v1/moved/"):
		http.Redirect(w, r, p.thief+"/v1/A1", http.StatusTemporaryRedirect)
	case strings.HasPrefix(r.URL.Path, "/v1/") && bearer == "Bearer "+token:
		if p.give(w, r, p.data(path.Base(r.URL.Path))) {
			p.mu.Lock()
			p.told[r.URL.Path]++
			p.mu.Unlock()
		}
	case strings.HasPrefix(r.URL.Path, "/v1/") && strings.HasPrefix(bearer, "Bearer "+p.token):
		http.Error(w, "that token was withdrawn", http.StatusUnauthorized)
	default:
		p.note(r)
		http.Error(w, "no", http.StatusForbidden)
	}
}

// current returns the token that opens the API.
func (p *platform) current() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%s-%d", p.token, p.withdrawn)
}

// give answers with text, or fails and returns false.
func (p *platform) give(w http.ResponseWriter, r *http.Request, text string) bool {
	luck := p.luck(r.URL.Path)
	switch {
	case luck >= 10:
		fmt.Fprint(w, text)
		return true
	case luck < 2: // the token was withdrawn
		w.WriteHeader(http.StatusUnauthorized)
	case luck < 3:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	case luck < 5: // half an answer
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		fmt.Fprint(w, text[:len(text)/2])
		panic(http.ErrAbortHandler)
	case luck < 7: // half of the data, and it says that this is all
		fmt.Fprint(w, text[:len(text)/2])
	default:
		time.Sleep(time.Duration(luck) * 10 * time.Millisecond)
		w.WriteHeader(http.StatusInternalServerError)
	}
	return false
}

// luck draws how a request ends: badly below ten. No path fails more than three
// times in a row, so that what waits for another attempt does not wait long.
func (p *platform) luck(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	luck := rand.IntN(100)
	if !p.flaky.Load() || p.failed[path] == 3 {
		luck = 99
	}
	if luck >= 10 {
		delete(p.failed, path)
		return luck
	}
	p.failed[path]++
	p.failures++
	if luck < 2 {
		p.withdrawn++
	}
	return luck
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
