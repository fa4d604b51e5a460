package pipeline_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"processmanager/clearmatch"
)

// A platform is Clearmatch's single sign-on and its API, on one server.
type platform struct {
	*httptest.Server
	issued atomic.Int64 // tokens
	life   time.Duration

	mu     sync.Mutex
	valid  map[string]bool
	asked  map[string]int // by path
	answer http.HandlerFunc
}

// data is what the platform answers of an application unless a test says otherwise.
func data(application string) string {
	return fmt.Sprintf(`{"number":%q,"amount":12345678901234567890.10}`, application)
}

func newPlatform(t *testing.T) *platform {
	p := &platform{life: time.Hour, valid: map[string]bool{}, asked: map[string]int{}}
	p.answers(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, data(r.URL.Path[len("/v1/"):])) })
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "partner" || password != "canary" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		token := fmt.Sprintf("token-%d", p.issued.Add(1))
		p.mu.Lock()
		p.valid[token] = true
		p.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":%d}`, token, int(p.life.Seconds()))
	})
	mux.HandleFunc("GET /v1/", func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		p.mu.Lock()
		p.asked[r.URL.Path]++
		ok, answer := p.valid[token], p.answer
		p.mu.Unlock()
		if !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, r)
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// answers says how to answer for applications from now on.
func (p *platform) answers(with http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = with
}

// says answers with a status and, where it is not "", Retry-After.
func (p *platform) says(status int, retryAfter string) {
	p.answers(func(w http.ResponseWriter, r *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
	})
}

// withdraw makes all tokens invalid.
func (p *platform) withdraw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.valid)
}

// at is the address of an application.
func (p *platform) at(application string) string { return p.URL + "/v1/" + application }

// times returns how often an application was asked for.
func (p *platform) times(application string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked["/v1/"+application]
}

// api returns the client of the platform's API.
func (p *platform) api(t *testing.T) *clearmatch.API {
	t.Helper()
	a, err := clearmatch.NewAPI(clearmatch.APISettings{
		Base: p.URL + "/v1", TokenURL: p.URL + "/token", ClientID: "partner", ClientSecret: "canary",
	})
	check(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}

// A sink is a program of the partner's, reached by the web. It confirms what it
// is given unless answer says otherwise.
type sink struct {
	*httptest.Server
	mu     sync.Mutex
	got    []given
	answer func(given) int // a status
}

// given is one request that a sink has had.
type given struct {
	key         string
	application string
	event       string
	body        string
	confirmed   bool
}

func newSink(t *testing.T) *sink {
	s := &sink{answer: func(given) int { return http.StatusOK }}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		answer := s.answer
		s.mu.Unlock()
		g := read(string(body))
		g.key = r.Header.Get("webhook-id")
		status := answer(g)
		g.confirmed = status == http.StatusOK
		s.mu.Lock()
		s.got = append(s.got, g)
		s.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s
}

// read takes apart what a client is given: the notification, or that and the
// application's data.
func read(body string) given {
	type notification struct {
		Application string `json:"id"`
		Event       string `json:"eventDescription"`
	}
	var n struct {
		notification
		Inner notification `json:"notification"`
	}
	json.Unmarshal([]byte(body), &n)
	if n.Application == "" {
		n.notification = n.Inner
	}
	return given{application: n.Application, event: n.Event, body: body}
}

// answers says how to answer from now on.
func (s *sink) answers(with func(given) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = with
}

// had returns what it has been given so far.
func (s *sink) had() []given {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]given(nil), s.got...)
}

// keys returns the keys of what it has confirmed, in that order.
func (s *sink) keys() []string {
	var keys []string
	for _, g := range s.had() {
		if g.confirmed {
			keys = append(keys, g.key)
		}
	}
	return keys
}
