package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"processmanager/client"
	"processmanager/ppm"
)

// A tokenServer is one of Debian's (testdata/tokenserver.py).
type tokenServer struct {
	certificate
	url  string
	said *json.Decoder
}

const clientID, clientSecret = "ppm@lender:1", "canary p@ss/w:ö=r+d%&?"

func newTokenServer(t *testing.T, seconds string) (*tokenServer, bool) {
	t.Helper()
	s := &tokenServer{certificate: newCertificate(t)}
	said, ok := python(t, "oauthlib", "testdata/tokenserver.py", s.file, s.keyFile, seconds, clientID, clientSecret)
	if !ok {
		return nil, false
	}
	var port int
	check(t, said.Decode(&port))
	s.url, s.said = fmt.Sprintf("https://127.0.0.1:%d", port), said
	return s, true
}

func (s *tokenServer) way(t *testing.T, more map[string]any, secret string) client.Way {
	t.Helper()
	settings := map[string]any{
		"url": s.url + "/hook", "auth": "oauth2", "tokenURL": s.url + "/token", "clientID": clientID, "scope": "webhooks.write", "ca": s.file,
	}
	for k, v := range more {
		settings[k] = v
	}
	return open(t, ppm.WebAddress, settings, map[string]string{"clientSecret": secret})
}

// next returns the next requests, in short.
func (s *tokenServer) next(t *testing.T, requests int) string {
	t.Helper()
	var all []string
	for range requests {
		var r struct {
			Path   string
			Status int
		}
		check(t, s.said.Decode(&r))
		all = append(all, fmt.Sprint(r.Path, " ", r.Status))
	}
	return strings.Join(all, ", ")
}

func TestTokensOfARealServer(t *testing.T) {
	s, ok := newTokenServer(t, "3600")
	if !ok {
		return
	}
	way := s.way(t, nil, clientSecret)
	deliver := func() {
		if _, err := way.Deliver(t.Context(), parcel("A1")); err != nil {
			t.Error(err)
		}
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(deliver)
	}
	all.Wait()
	if got := s.next(t, 9); got != "/token 200"+strings.Repeat(", /hook 204", 8) {
		t.Errorf("eight at once: %s", got)
	}

	trusting := http.Client{Transport: &http.Transport{TLSClientConfig: s.trust(t)}}
	defer trusting.CloseIdleConnections()
	r, err := trusting.Get(s.url + "/withdraw")
	check(t, err)
	check(t, r.Body.Close())
	deliver()
	if got := s.next(t, 4); got != "/withdraw 204, /hook 401, /token 200, /hook 204" {
		t.Errorf("with a token that was withdrawn: %s", got)
	}
}

func TestTokensAreRenewedBeforeTheyEnd(t *testing.T) {
	s, ok := newTokenServer(t, "1")
	if !ok {
		return
	}
	way := s.way(t, nil, clientSecret)
	seen := ""
	for deadline := time.Now().Add(30 * time.Second); strings.Count(seen, "/token 200") < 2 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, err := way.Deliver(t.Context(), parcel("A1")); err != nil {
			t.Fatal(err)
		}
		for seen += s.next(t, 1) + " "; !strings.HasSuffix(seen, "/hook 204 "); {
			seen += s.next(t, 1) + " "
		}
	}
	if strings.Count(seen, "/token 200") < 2 || strings.Contains(seen, "401") {
		t.Errorf("no second token: %s", seen)
	}
}

func TestWhatARealTokenServerRefuses(t *testing.T) {
	s, ok := newTokenServer(t, "3600")
	if !ok {
		return
	}
	for _, tt := range []struct {
		name     string
		settings map[string]any
		secret   string
		says     string
		requests string
	}{
		{"a wrong secret", nil, "canary-wrong", "it answered 401 Unauthorized, invalid_client: are clientID", "/token 401, /token 401"},
		{"a scope that does not exist", map[string]any{"scope": "everything"}, clientSecret, "it answered 400 Bad Request, invalid_scope", "/token 400"},
		{"a scope that is not enough", map[string]any{"scope": "webhooks.read"}, clientSecret, "it refuses the access token, a fresh one too", "/token 200, /hook 401, /token 200, /hook 401"},
		{"another path", map[string]any{"tokenURL": s.url + "/hook"}, clientSecret, "it answered 401 Unauthorized", "/hook 401, /hook 401"},
	} {
		_, err := s.way(t, tt.settings, tt.secret).Deliver(t.Context(), parcel("A1"))
		if err == nil || isFinal(err) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, which should say %q", tt.name, err, tt.says)
		}
		if got := s.next(t, strings.Count(tt.requests, "/")); got != tt.requests {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.requests)
		}
	}
}
