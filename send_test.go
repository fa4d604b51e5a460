package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// command runs a command line in a folder of its own and returns what it told.
func command(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &errs, []string{"PPM_DATA=" + t.TempDir(), "PPM_SEND_PASSWORD=secret"})
	return status, out.String(), errs.String()
}

// certified returns a server with a certificate that c describes, and the file
// with that certificate.
func certified(t *testing.T, h http.HandlerFunc, c x509.Certificate) (*httptest.Server, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	c.SerialNumber = big.NewInt(1)
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, key.Public(), key)
	check(t, err)
	srv := httptest.NewUnstartedServer(h)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	srv.Config.ErrorLog = nil
	srv.StartTLS()
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return srv, file
}

var here = []net.IP{net.IPv4(127, 0, 0, 1)}

func TestSendTellsWhatIsWrongWithTheWayThere(t *testing.T) {
	good := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }
	fine, ca := certified(t, good, x509.Certificate{IPAddresses: here})
	elsewhere, elsewhereCA := certified(t, good, x509.Certificate{DNSNames: []string{"partner.example"}})
	late, lateCA := certified(t, good, x509.Certificate{IPAddresses: here, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})
	plain := httptest.NewServer(http.HandlerFunc(good))
	defer plain.Close()
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	rude := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer rude.Close()

	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"nobody's certificate": {[]string{"--url", fine.URL}, "nobody this machine trusts"},
		"another name":         {[]string{"--url", elsewhere.URL, "--ca", elsewhereCA}, "for another name (partner.example)"},
		"run out":              {[]string{"--url", late.URL, "--ca", lateCA}, "has run out"},
		"no https":             {[]string{"--url", "https" + strings.TrimPrefix(plain.URL, "http"), "--ca", ca}, "does not speak https"},
		"no answer":            {[]string{"--url", slow.URL, "--timeout", "100ms"}, "no answer in time"},
		"hung up":              {[]string{"--url", rude.URL}, "hung up without an answer"},
		"nobody there":         {[]string{"--url", "http://127.0.0.1:1/"}, "nothing listens on 127.0.0.1:1"},
		"no such host":         {[]string{"--url", "https://no-such-host.invalid/"}, "no host named no-such-host.invalid"},
	} {
		status, stdout, stderr := command(t, "", append([]string{"send"}, tt.args...)...)
		if status != 1 || stdout != "" || !strings.Contains(stderr, tt.says) || strings.Contains(stderr, "secret") {
			t.Errorf("%s: %d, %q, %q; want 1 and %q", name, status, stdout, stderr, tt.says)
		}
	}
	if status, stdout, stderr := command(t, "", "send", "--url", fine.URL, "--ca", ca); status != 0 || !strings.HasPrefix(stdout, "200 OK in ") {
		t.Errorf("a good one: %d, %q, %q", status, stdout, stderr)
	}
}

func TestSendPostsWhatItIsGiven(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	type post struct{ user, password, contentType, body string }
	var posts []post
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		posts = append(posts, post{user, password, r.Header.Get("Content-Type"), string(body)})
		io.WriteString(w, "{}")
	}))
	defer srv.Close()
	for _, args := range [][]string{{}, {"-"}, {"--new", "--count", "3", "--user", "somebody"}} {
		if status, _, stderr := command(t, " as it is\r\n", append([]string{"send", "--url", srv.URL}, args...)...); status != 0 {
			t.Fatalf("send %v: %s", args, stderr)
		}
	}
	if len(posts) != 5 {
		t.Fatalf("%d posts", len(posts))
	}
	if want := (post{"clearmatch", "secret", "application/json", sample}); posts[0] != want {
		t.Errorf("the sample was posted as %+v", posts[0])
	}
	if posts[1].body != " as it is\r\n" {
		t.Errorf("standard input was posted as %q", posts[1].body)
	}
	seen := map[string]bool{}
	for _, p := range posts[2:] {
		var m map[string]string
		check(t, json.Unmarshal([]byte(p.body), &m))
		if p.user != "somebody" || !strings.HasSuffix(m["content"], "/"+m["id"]) || seen[m["id"]] || m["eventTime"] < "2026" {
			t.Errorf("a new one was posted as %+v", p)
		}
		seen[m["id"]] = true
	}
}

func TestSendGoesOnAfterARefusalButFails(t *testing.T) {
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 2 {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
		io.WriteString(w, "\x1b[31mred\x1b[0m")
	}))
	defer srv.Close()
	status, stdout, stderr := command(t, "", "send", "--url", srv.URL, "--count", "4")
	if status != 1 || n != 4 || !strings.Contains(stdout, "4 posted, 3 acknowledged") || !strings.Contains(stdout, "307 ") ||
		!strings.Contains(stderr, "doesn't follow") || !strings.Contains(stderr, "not acknowledged: 1 of 4") {
		t.Errorf("%d after %d posts: %q, %q", status, n, stdout, stderr)
	}
	if strings.Contains(stdout, "\x1b") {
		t.Error("the answer can give orders to the terminal")
	}
}

func TestSendShowsAServersNonsenseAsText(t *testing.T) {
	for name, tt := range map[string]struct {
		answer, says string
	}{
		"status":   {"HTTP/1.1 200 \x1b[31mRED\r\nContent-Length: 2\r\n\r\n{}", `200 \x1b[31mRED in`},
		"not HTTP": {"220 mail.example ESMTP\r\n", "does not speak http"},
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		go func() {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			http.ReadRequest(bufio.NewReader(conn))
			io.WriteString(conn, tt.answer)
		}()
		_, stdout, stderr := command(t, "", "send", "--url", "http://"+ln.Addr().String(), "--count", "1")
		if !strings.Contains(stdout+stderr, tt.says) || strings.Contains(stdout+stderr, "\x1b") {
			t.Errorf("%s: %q, %q; want %q", name, stdout, stderr, tt.says)
		}
		ln.Close()
	}
}

func TestSendDoesNotTakeInADisk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "large")
	check(t, os.WriteFile(file, nil, 0o600))
	check(t, os.Truncate(file, 1<<30))
	status, _, stderr := command(t, "", "send", file, "--url", "http://127.0.0.1:1/")
	if status != 1 || !strings.Contains(stderr, "larger than") {
		t.Errorf("%d, %q", status, stderr)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
