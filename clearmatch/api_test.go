package clearmatch_test

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"processmanager/clearmatch"
	"processmanager/ppm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is the client secret; canary2 is in what the servers answer. Neither
// may be seen in an error.
const (
	canary  = "s3cret-CANARY"
	canary2 = "answer-CANARY"
)

// A platform is Clearmatch's single sign-on and its API, on one TLS server.
type platform struct {
	*httptest.Server
	issued  atomic.Int64  // tokens
	asked   atomic.Int64  // for applications
	life    time.Duration // of a token
	answer  http.HandlerFunc
	login   http.HandlerFunc // nil: as it should be
	mu      sync.Mutex
	valid   map[string]bool
	strange []string // requests that should never have come
}

func newPlatform(t *testing.T) *platform {
	p := &platform{life: time.Hour, valid: map[string]bool{}}
	p.answer = func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"amount":12345678901234567890.10}`) }
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sso/token", func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if p.login != nil {
			p.login(w, r)
			return
		}
		if user != "partner" || password != canary || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "applications" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":%q}`, canary2+password)
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
		p.asked.Add(1)
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		p.mu.Lock()
		ok := p.valid[token]
		p.mu.Unlock()
		if !ok {
			http.Error(w, canary2, http.StatusUnauthorized)
			return
		}
		p.answer(w, r)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.strange = append(p.strange, r.Method+" "+r.URL.String())
		p.mu.Unlock()
	})
	p.Server = httptest.NewTLSServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *platform) settings() clearmatch.APISettings {
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	return clearmatch.APISettings{
		Base: p.URL + "/v1", TokenURL: p.URL + "/sso/token", ClientID: "partner", ClientSecret: canary, Scope: "applications", Roots: roots,
	}
}

func (p *platform) withdraw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.valid)
}

func open(t *testing.T, s clearmatch.APISettings) *clearmatch.API {
	t.Helper()
	a, err := clearmatch.NewAPI(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func TestDataIsFetchedAsItIs(t *testing.T) {
	p := newPlatform(t)
	a := open(t, p.settings())
	for range 3 {
		data, err := a.Fetch(t.Context(), p.URL+"/v1/UnsecuredLoans/application/A056035")
		if err != nil || string(data) != `{"amount":12345678901234567890.10}` {
			t.Fatalf("Fetch = %s, %v", data, err)
		}
	}
	if p.issued.Load() != 1 || p.asked.Load() != 3 {
		t.Errorf("%d tokens for %d requests, want 1 for 3", p.issued.Load(), p.asked.Load())
	}
}

func TestOneTokenServesAllWhoWaitForIt(t *testing.T) {
	p := newPlatform(t)
	a := open(t, p.settings())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := a.Fetch(t.Context(), p.URL+"/v1/A1"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if p.issued.Load() != 1 {
		t.Errorf("%d tokens were got", p.issued.Load())
	}
}

// A token is not used in its last ten seconds.
func TestTokenIsRenewedBeforeItExpires(t *testing.T) {
	p := newPlatform(t)
	p.life = 9 * time.Second
	a := open(t, p.settings())
	for range 2 {
		if _, err := a.Fetch(t.Context(), p.URL+"/v1/A1"); err != nil {
			t.Fatal(err)
		}
	}
	if p.issued.Load() != 2 {
		t.Errorf("%d tokens were got, want a second one", p.issued.Load())
	}
}

func TestTokenThatIsRefusedIsRenewedOnce(t *testing.T) {
	p := newPlatform(t)
	a := open(t, p.settings())
	if _, err := a.Fetch(t.Context(), p.URL+"/v1/A1"); err != nil {
		t.Fatal(err)
	}
	p.withdraw()
	if _, err := a.Fetch(t.Context(), p.URL+"/v1/A1"); err != nil {
		t.Errorf("with the token withdrawn: %v", err)
	}
	asked := p.asked.Load()
	p.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	_, err := a.Fetch(t.Context(), p.URL+"/v1/A1")
	if err == nil || !strings.Contains(err.Error(), "refused a fresh token (401 Unauthorized)") || isPermanent(err) {
		t.Errorf("with every token refused: %v", err)
	}
	if p.asked.Load() != asked+2 {
		t.Errorf("asked %d times, want twice", p.asked.Load()-asked)
	}
}

func TestAnswersAreToldApart(t *testing.T) {
	p := newPlatform(t)
	a := open(t, p.settings())
	for _, tt := range []struct {
		status    int
		after     string
		permanent bool
		later     time.Duration
		says      string
	}{
		{404, "", true, 0, "does not have this application (404 Not Found)"},
		{410, "", true, 0, "does not have this application (410 Gone)"},
		{403, "", false, 0, "does not let this client id read"},
		{429, "120", false, 2 * time.Minute, "429 Too Many Requests"},
		{503, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), false, time.Hour, "503"},
		{503, "soon", false, 0, "503"},
		{500, "", false, 0, "500 Internal Server Error"},
		{204, "", false, 0, "204"},
		{302, "", false, 0, "has moved (302 Found)"},
	} {
		p.answer = func(w http.ResponseWriter, _ *http.Request) {
			if tt.after != "" {
				w.Header().Set("Retry-After", tt.after)
			}
			w.WriteHeader(tt.status)
			if tt.status != 204 {
				fmt.Fprint(w, canary2)
			}
		}
		_, err := a.Fetch(t.Context(), p.URL+"/v1/A1")
		var later ppm.LaterError
		errors.As(err, &later)
		if err == nil || isPermanent(err) != tt.permanent || later.After.Round(time.Minute) != tt.later || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%d, Retry-After %q: %v (permanent %t, later %s)", tt.status, tt.after, err, isPermanent(err), later.After)
		}
		noCanary(t, err)
	}
}

func TestLogInTroubleIsToldWithoutSecrets(t *testing.T) {
	p := newPlatform(t)
	for says, change := range map[string]func(*clearmatch.APISettings){
		"refused the client id or secret (401 Unauthorized, invalid_client)": func(s *clearmatch.APISettings) { s.ClientSecret = "wrong-" + canary },
		"gave a token that is not a bearer token": func(*clearmatch.APISettings) {
			p.login = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, `{"access_token":"x","token_type":"mac"}`)
			}
		},
		"log-in answered 500 Internal Server Error; check clearmatch.token_url": func(*clearmatch.APISettings) {
			p.login = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary2+canary, 500) }
		},
		"log-in gave no token": func(*clearmatch.APISettings) {
			p.login = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>"+canary2) }
		},
		"log-in answered 307 Temporary Redirect": func(*clearmatch.APISettings) {
			p.login = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			}
		},
		"refused the scope": func(*clearmatch.APISettings) {
			p.login = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(400)
				fmt.Fprint(w, `{"error":"invalid_scope"}`)
			}
		},
		"connection refused": func(s *clearmatch.APISettings) { s.TokenURL = "https://127.0.0.1:1/token" },
	} {
		p.login = nil
		s := p.settings()
		change(&s)
		_, err := open(t, s).Fetch(t.Context(), p.URL+"/v1/A1")
		if err == nil || !strings.Contains(err.Error(), says) || isPermanent(err) {
			t.Errorf("%v\nwant: %s", err, says)
		}
		noCanary(t, err)
	}
	if p.asked.Load() != 0 || len(p.strange) != 0 {
		t.Errorf("asked for applications %d times without a token; %v", p.asked.Load(), p.strange)
	}
}

func TestDataIsTakenWithinBounds(t *testing.T) {
	p := newPlatform(t)
	a := open(t, p.settings())
	zeros := make([]byte, 1<<20)
	for _, tt := range []struct {
		mib  int
		fits bool
	}{{10, true}, {11, false}, {500, false}} {
		p.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			for range tt.mib {
				if _, err := z.Write(zeros); err != nil {
					return
				}
			}
		}
		data, err := a.Fetch(t.Context(), p.URL+"/v1/A1")
		if tt.fits != (err == nil && len(data) == tt.mib<<20) || !tt.fits && (!isPermanent(err) || !strings.Contains(err.Error(), "larger than 10 MiB")) {
			t.Errorf("%d MiB: %d bytes, %v", tt.mib, len(data), err)
		}
	}
}

func TestBrokenAnswersAreTriedAgain(t *testing.T) {
	p := newPlatform(t)
	a := open(t, p.settings())
	p.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"half":`)
	}
	if _, err := a.Fetch(t.Context(), p.URL+"/v1/A1"); err == nil || isPermanent(err) || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("half an answer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.answer = func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }
	if _, err := a.Fetch(ctx, p.URL+"/v1/A1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that has gone: %v", err)
	}
}

func isPermanent(err error) bool {
	var p ppm.PermanentError
	return errors.As(err, &p)
}

func noCanary(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), canary2)) {
		t.Errorf("a secret or an answer can be read in: %v", err)
	}
}
