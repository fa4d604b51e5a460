package receiver

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// A testAuthority is a certificate authority in memory that speaks ACME (RFC 8555)
// as far as is needed here, and does not look at signatures. What a real one
// makes of us is tried out with Pebble, by the promises.
type testAuthority struct {
	t      *testing.T
	ca     *certAuthority
	life   time.Duration
	httpAt string // where HTTP-01 is looked for; empty: nowhere

	mu      sync.Mutex
	source  *Autocert
	fails   error          // instead of any answer
	problem map[string]any // instead of an order
	refused map[string]any // instead of a good challenge
	only    int            // problem is for this order alone; 0: for all
	wait    string         // Retry-After beside problem
	hangs   bool           // never answers
	pending int            // how often a challenge that was met is still being looked at, and the asker told to wait for an hour
	calls   int
	orders  []time.Time                // when each came
	csr     map[string][]byte          // by order
	valid   map[string]bool            // orders whose challenge was met
	failed  map[string]json.RawMessage // and why others were not, by order and kind of challenge
}

func newTestAuthority(t *testing.T, life time.Duration) *testAuthority {
	return &testAuthority{t: t, ca: newCertAuthority(t, "Test CA", nil), life: life, csr: map[string][]byte{}, valid: map[string]bool{}, failed: map[string]json.RawMessage{}}
}

// change changes what the authority does.
func (a *testAuthority) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

func (a *testAuthority) ordered() []time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.orders)
}

// RoundTrip answers without a network.
func (a *testAuthority) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	a.calls++
	err, hangs := a.fails, a.hangs
	if err != nil && strings.HasSuffix(r.URL.Path, "/dir") {
		a.orders = append(a.orders, time.Now()) // as far as it gets
	}
	a.mu.Unlock()
	if hangs {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	w.Header().Set("Replay-Nonce", "nonce")
	var message struct{ Payload string }
	if r.Body != nil {
		_ = json.NewDecoder(r.Body).Decode(&message)
	}
	payload, _ := base64.RawURLEncoding.DecodeString(message.Payload)
	a.answer(w, r, payload)
	return w.Result(), nil
}

const authorityURL = "https://ca.example"

func (a *testAuthority) answer(w *httptest.ResponseRecorder, r *http.Request, payload []byte) {
	say := func(status int, v any) {
		if p, ok := v.(map[string]any); ok && p["type"] != nil && p["detail"] != nil {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(v)
	}
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	order := map[string]any{"status": "pending", "authorizations": []string{authorityURL + "/authz/" + id}, "finalize": authorityURL + "/finalize/" + id}
	a.mu.Lock()
	problem, refused, wait := a.problem, a.refused, a.wait
	a.mu.Unlock()
	switch kind {
	case "dir":
		say(200, map[string]string{"newNonce": authorityURL + "/nonce", "newAccount": authorityURL + "/account", "newOrder": authorityURL + "/order"})
	case "account":
		w.Header().Set("Location", authorityURL+"/account/1")
		say(201, map[string]string{"status": "valid"})
	case "order":
		a.mu.Lock()
		if id == "" {
			a.orders = append(a.orders, time.Now())
			id = strconv.Itoa(len(a.orders))
		}
		done := a.valid[id]
		if a.only != 0 && id != strconv.Itoa(a.only) {
			problem = nil
		}
		a.mu.Unlock()
		if problem != nil {
			w.Header().Set("Retry-After", wait)
			say(problem["status"].(int), problem)
			return
		}
		order["authorizations"], order["finalize"] = []string{authorityURL + "/authz/" + id}, authorityURL+"/finalize/"+id
		if done {
			order["status"] = "ready"
		}
		w.Header().Set("Location", authorityURL+"/order/"+id)
		say(201-min(1, len(r.URL.Path)-len("/order")), order)
	case "authz":
		a.mu.Lock()
		status, challenges := "pending", []map[string]any{}
		for _, typ := range []string{"tls-alpn-01", "http-01"} {
			c := map[string]any{"type": typ, "url": authorityURL + "/challenge/" + id + "/" + typ, "token": "token" + id, "status": "pending"}
			if failed := a.failed[id+"/"+typ]; failed != nil {
				status, c["status"] = "invalid", "invalid"
				c["error"] = failed
			}
			challenges = append(challenges, c)
		}
		if a.valid[id] {
			status = "valid"
			if a.pending--; a.pending >= 0 {
				status = "pending"
				w.Header().Set("Retry-After", "3600")
			}
		}
		a.mu.Unlock()
		say(200, map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": "ppm.example"}, "challenges": challenges})
	case "challenge":
		number, typ, _ := strings.Cut(id, "/")
		err := a.visit(typ, "token"+number)
		a.mu.Lock()
		if refused != nil || err != nil {
			if refused == nil {
				refused = map[string]any{"type": "urn:ietf:params:acme:error:connection", "detail": err.Error()}
			}
			a.failed[id], _ = json.Marshal(refused)
		} else {
			a.valid[number] = true
		}
		a.mu.Unlock()
		say(200, map[string]string{"type": typ, "url": authorityURL + "/challenge/" + id, "token": "token" + number, "status": "processing"})
	case "finalize":
		var f struct{ CSR string }
		_ = json.Unmarshal(payload, &f)
		csr, _ := base64.RawURLEncoding.DecodeString(f.CSR)
		a.change(func() { a.csr[id] = csr })
		order["status"], order["certificate"] = "valid", authorityURL+"/certificate/"+id
		w.Header().Set("Location", authorityURL+"/order/"+id)
		say(200, order)
	case "certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Write(a.issue(id))
	}
}

// issue returns the certificate that was asked for, with its chain.
func (a *testAuthority) issue(id string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	csr, err := x509.ParseCertificateRequest(a.csr[id])
	if err != nil {
		a.t.Error(err)
		return nil
	}
	number, _ := strconv.ParseInt(id, 10, 64)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(number), DNSNames: csr.DNSNames, NotBefore: time.Now(), NotAfter: time.Now().Add(a.life),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}, a.ca.cert, csr.PublicKey, a.ca.key)
	if err != nil {
		a.t.Error(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), certPEM(a.ca.cert)...)
}

// visit looks for the answer to a challenge.
func (a *testAuthority) visit(typ, token string) error {
	a.mu.Lock()
	source, at := a.source, a.httpAt
	a.mu.Unlock()
	if typ == "http-01" {
		return a.visitHTTP(at, token)
	}
	if at != "" {
		return errors.New("port 443 is closed")
	}
	leaf, err := source.shake(&tls.Config{ServerName: "ppm.example", NextProtos: []string{acme.ALPNProto}})
	if err != nil {
		return err
	}
	for _, e := range leaf.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) {
			return nil
		}
	}
	return errors.New("the certificate shown is no answer")
}

func (a *testAuthority) visitHTTP(at, token string) error {
	r, err := http.NewRequest("GET", "http://"+at+"/.well-known/acme-challenge/"+token, nil)
	if err != nil {
		return err
	}
	r.Host = "PPM.example:80"
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text := make([]byte, 1000)
	n, _ := res.Body.Read(text)
	if res.StatusCode != 200 || !strings.HasPrefix(string(text[:n]), token+".") {
		return fmt.Errorf("answered %s", res.Status)
	}
	return nil
}

func problemOf(word, detail string, status int) map[string]any {
	return map[string]any{"type": "urn:ietf:params:acme:error:" + word, "detail": detail, "status": status}
}
