package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"processmanager/ppm"
)

const signingSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"

func TestAWebAddressIsGivenASignedDelivery(t *testing.T) {
	verify, err := webhooks.NewWebhook(signingSecret)
	check(t, err)
	var got []byte
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verify.Verify(body, r.Header); err != nil || r.Header.Get("Authorization") != "Bearer canary" {
			http.Error(w, fmt.Sprint(err), http.StatusUnauthorized)
			return
		}
		got = body
		fmt.Fprint(w, strings.Repeat("thanks ", 2000))
	}))
	defer sink.Close()
	way := open(t, ppm.WebAddress, map[string]any{"url": sink.URL + "/hook?a=b", "signed": true, "auth": "bearer"},
		map[string]string{"signingSecret": signingSecret, "token": "canary"})
	p := parcel("A056035")
	r, err := way.Deliver(t.Context(), p)
	if err != nil || r.Status != 200 || len(r.Excerpt) == 0 || len(r.Excerpt) > 4<<10 {
		t.Fatalf("%d, %d bytes, %v", r.Status, len(r.Excerpt), err)
	}
	var body struct {
		Key         string          `json:"key"`
		Application json.RawMessage `json:"application"`
	}
	check(t, json.Unmarshal(got, &body))
	if body.Key != p.Key || !strings.Contains(string(body.Application), "12345678901234567890.10") {
		t.Errorf("it was given %s", got)
	}
}

func TestAnswersOfAWebAddressAreToldApart(t *testing.T) {
	var status atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(int(status.Load()))
	}))
	defer sink.Close()
	way := open(t, ppm.WebAddress, map[string]any{"url": sink.URL + "/?key=canary", "auth": "basic", "user": "ppm"}, map[string]string{"password": "canary"})
	for code, want := range map[int]string{200: "", 204: "", 410: "final", 503: "later", 429: "later", 401: "again", 500: "again", 302: "again", 404: "again"} {
		status.Store(int64(code))
		_, err := way.Deliver(t.Context(), parcel("A1"))
		got := ""
		var later ppm.LaterError
		switch {
		case err == nil:
		case isFinal(err):
			got = "final"
		case errors.As(err, &later) && later.After == 2*time.Minute:
			got = "later"
		default:
			got = "again"
		}
		if got != want && !(want == "again" && got == "later") {
			t.Errorf("%d: %q (%v), want %q", code, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%d: a secret can be read in %v", code, err)
		}
	}
}

// OAuth2: a token is got once, and anew after a 401.
func TestAWebAddressWithOAuth2(t *testing.T) {
	var issued, taken atomic.Int64
	var valid atomic.Value
	valid.Store("")
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "ppm" || secret != "canary" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		valid.Store(fmt.Sprintf("token-%d", issued.Add(1)))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, valid.Load())
	})
	mux.HandleFunc("/hook", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+valid.Load().(string) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		taken.Add(1)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	way := open(t, ppm.WebAddress, map[string]any{"url": server.URL + "/hook", "auth": "oauth2", "tokenURL": server.URL + "/token", "clientID": "ppm"},
		map[string]string{"clientSecret": "canary"})
	for i := range 3 {
		if i == 2 {
			valid.Store("withdrawn")
		}
		if _, err := way.Deliver(t.Context(), parcel("A1")); err != nil {
			t.Fatalf("delivery %d: %v", i+1, err)
		}
	}
	if issued.Load() != 2 || taken.Load() != 3 {
		t.Errorf("%d tokens for %d deliveries, want 2 for 3", issued.Load(), taken.Load())
	}
}

// A server that wants to be told in the body who asks, against RFC 6749.
func TestTokensOfAServerThatDoesNotKnowTheHeader(t *testing.T) {
	var refused atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("client_id") != "ppm" || r.FormValue("client_secret") != "canary" {
			refused.Add(1)
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_request"}`)
			return
		}
		fmt.Fprint(w, `{"access_token":"token","token_type":"Bearer"}`)
	})
	var asked atomic.Int64
	mux.HandleFunc("/hook", func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 || r.Header.Get("Authorization") != "Bearer token" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	way := open(t, ppm.WebAddress, map[string]any{"url": server.URL + "/hook", "auth": "oauth2", "tokenURL": server.URL + "/token", "clientID": "ppm"},
		map[string]string{"clientSecret": "canary"})
	if _, err := way.Deliver(t.Context(), parcel("A1")); err != nil || refused.Load() != 1 || asked.Load() != 2 {
		t.Errorf("%v, after %d refusals and %d requests; want 1 and 2", err, refused.Load(), asked.Load())
	}
}
