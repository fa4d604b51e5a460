package client_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"processmanager/ppm"
)

// While one secret takes the place of another, the receiver may have either.
func TestSignaturesAreRightByTheLibraryAndByHand(t *testing.T) {
	second := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xfb}, 64))
	var header http.Header
	var body []byte
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer sink.Close()
	way := open(t, ppm.WebAddress, map[string]any{"url": sink.URL, "signed": true}, map[string]string{"signingSecret": signingSecret + " " + second})
	p := parcel("A1 “é”")
	for range 2 {
		if _, err := way.Deliver(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if header.Get("webhook-id") != p.Key {
			t.Errorf("it is called %q, want %q", header.Get("webhook-id"), p.Key)
		}
		for _, secret := range []string{signingSecret, second} {
			w, err := webhooks.NewWebhook(secret)
			check(t, err)
			if err := w.Verify(body, header); err != nil {
				t.Error(err)
			}
			if err := w.Verify(append([]byte(" "), body...), header); err == nil {
				t.Error("another body has the same signature")
			}
			key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
			check(t, err)
			mac := hmac.New(sha256.New, key)
			fmt.Fprintf(mac, "%s.%s.%s", header.Get("webhook-id"), header.Get("webhook-timestamp"), body)
			if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); !strings.Contains(" "+header.Get("webhook-signature")+" ", " "+want+" ") {
				t.Errorf("the signatures are %q, want %q among them", header.Get("webhook-signature"), want)
			}
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{elsewhere.URL + "/new?key=canary", "/same?key=canary"} {
			sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/same" {
					asked.Add(1)
				}
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			}))
			r, err := open(t, ppm.WebAddress, map[string]any{"url": sink.URL, "auth": "bearer"}, map[string]string{"token": "canary"}).Deliver(t.Context(), parcel("A1"))
			if err == nil || isFinal(err) || r.Status != status || !strings.Contains(err.Error(), "where ppm does not follow") || strings.Contains(err.Error(), "canary") {
				t.Errorf("%d to %s: %d, %v", status, to, r.Status, err)
			}
			sink.Close()
		}
	}
	if asked.Load() != 0 {
		t.Errorf("%d redirects were followed", asked.Load())
	}
}

// What is kept of an answer is its beginning, and never a part of a secret.
func TestTheBeginningOfAnAnswerIsKept(t *testing.T) {
	const canary = "canary-canary-canary-canary-canary-canary-canary"
	var answer io.Reader
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, answer) }))
	defer sink.Close()
	way := open(t, ppm.WebAddress, map[string]any{"url": sink.URL, "headers": map[string]string{"X-Key": "{secret}"}}, map[string]string{"secret": canary})
	text := strings.Repeat("0123456789abcdef", 1<<10)
	for name, tt := range map[string]struct {
		answer io.Reader
		want   string // "": anything
	}{
		"short":                 {strings.NewReader("thanks"), "thanks"},
		"long":                  {strings.NewReader(text), text[:4<<10]},
		"without end":           {endless{}, strings.Repeat("x", 4<<10)},
		"a secret":              {strings.NewReader("key " + canary + " is wrong"), "key [secret] is wrong"},
		"a secret at the cut":   {strings.NewReader(text[:4<<10-7] + canary), text[:4<<10-7] + "[secret"},
		"nothing but secrets":   {strings.NewReader(strings.Repeat(canary, 1000)), ""},
		"secrets and no others": {strings.NewReader(strings.Repeat(canary+"\n", 1000)), ""},
	} {
		answer = tt.answer
		r, err := way.Deliver(t.Context(), parcel("A1"))
		if err != nil || tt.want != "" && string(r.Excerpt) != tt.want || strings.Contains(string(r.Excerpt), "canary") {
			t.Errorf("%s: %d bytes are kept, %.99q, %v", name, len(r.Excerpt), r.Excerpt, err)
		}
	}
}

// endless is an answer without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, strings.Repeat("x", len(p))), nil }

// An answer that drips counts by its status, and is waited for only so long.
func TestAnAnswerThatDripsIsLeftSoon(t *testing.T) {
	stop := make(chan struct{})
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for tick := time.Tick(100 * time.Millisecond); ; {
			fmt.Fprint(w, "drip ")
			w.(http.Flusher).Flush()
			select {
			case <-tick:
			case <-stop:
				return
			case <-r.Context().Done():
				return
			}
		}
	}))
	defer sink.Close()
	defer close(stop)
	began := time.Now()
	r, err := open(t, ppm.WebAddress, map[string]any{"url": sink.URL, "timeout": "5m"}, nil).Deliver(t.Context(), parcel("A1"))
	if err != nil || r.Status != 200 || !strings.HasPrefix(string(r.Excerpt), "drip ") || time.Since(began) > time.Minute {
		t.Errorf("after %v: %d %q, %v", time.Since(began), r.Status, r.Excerpt, err)
	}
}

func TestWhatAWebAddressWithFaultsComesTo(t *testing.T) {
	certificate := newCertificate(t)
	trusted := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	trusted.EnableHTTP2 = true
	trusted.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.Certificate}}
	trusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	trusted.StartTLS()
	defer trusted.Close()
	for _, tt := range []struct {
		name, url string
		settings  map[string]any
		status    int
		says      string // "": delivered
	}{
		{"a certificate to trust", trusted.URL, map[string]any{"ca": certificate.file}, 200, ""},
		{"a certificate that nobody trusts", trusted.URL, nil, 0, "the setting ca"},
		{"a certificate for another name", strings.Replace(trusted.URL, "127.0.0.1", "localhost", 1), map[string]any{"ca": certificate.file}, 0, "its certificate is for another name"},
		{"https where http is spoken", "https://" + listen(t, func(c net.Conn, r *bufio.Reader) {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			io.Copy(io.Discard, r)
		}), nil, 0, "it does not speak TLS"},
		{"http where https is spoken", strings.Replace(trusted.URL, "https", "http", 1), nil, 400, "400"},
		{"nobody", "http://127.0.0.1:1", nil, 0, "nothing listens there"},
		{"hangs up", "http://" + listen(t, func(net.Conn, *bufio.Reader) {}), nil, 0, "it hung up before it had answered"},
		{"hangs up after the request", "http://" + listen(t, func(_ net.Conn, r *bufio.Reader) { readRequest(r) }), nil, 0, "it hung up before it had answered"},
		{"never answers", "http://" + listen(t, func(c net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }), map[string]any{"timeout": "1s"}, 0, "it did not answer in time"},
		{"never greets", "https://" + listen(t, func(c net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }), map[string]any{"timeout": "1s"}, 0, "it did not answer in time"},
		{"breaks off in the header", "http://" + listen(t, func(c net.Conn, r *bufio.Reader) {
			readRequest(r)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nX-More: 1\r\n")
		}), nil, 0, "it hung up before it had answered"},
		{"breaks off in the answer", "http://" + listen(t, func(c net.Conn, r *bufio.Reader) {
			readRequest(r)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}), nil, 200, ""},
		{"speaks something else", "http://" + listen(t, func(c net.Conn, r *bufio.Reader) { fmt.Fprint(c, "220 post.test ESMTP\r\n"); io.Copy(io.Discard, r) }), nil, 0, "it does not speak HTTP"},
		{"an endless header", "http://" + listen(t, func(c net.Conn, r *bufio.Reader) {
			readRequest(r)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n")
			for range 1000 {
				fmt.Fprintf(c, "X-More: %s\r\n", strings.Repeat("x", 1000))
			}
		}), nil, 0, "header"},
	} {
		settings := map[string]any{"url": tt.url, "timeout": "30s"}
		for k, v := range tt.settings {
			settings[k] = v
		}
		r, err := open(t, ppm.WebAddress, settings, nil).Deliver(t.Context(), parcel("A1"))
		switch {
		case tt.says == "" && err != nil, tt.says != "" && (err == nil || isFinal(err) || !strings.Contains(err.Error(), tt.says)):
			t.Errorf("%s: %v, which should say %q", tt.name, err, tt.says)
		case r.Status != tt.status:
			t.Errorf("%s: status %d, want %d", tt.name, r.Status, tt.status)
		}
	}
}

// readRequest reads all of a request: who hangs up with something unread resets
// the connection, and what was said is lost.
func readRequest(r *bufio.Reader) {
	if request, err := http.ReadRequest(r); err == nil {
		io.Copy(io.Discard, request.Body)
	}
}

// listen answers each connection by serve and returns the address.
func listen(t *testing.T, serve func(net.Conn, *bufio.Reader)) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute))
				serve(conn, bufio.NewReader(conn))
			})
		}
	})
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	return ln.Addr().String()
}
