package receiver

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the tests about certificates share: authorities, leaves, files, handshakes.

// certKey and certOtherKey are RSA keys, made once because that takes a while.
var (
	certKey      = sync.OnceValue(certNewRSA)
	certOtherKey = sync.OnceValue(certNewRSA)
)

func certNewRSA() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func certNewECDSA(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

type certAuthority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newCertAuthority makes an authority signed by parent, or by itself.
func newCertAuthority(t *testing.T, name string, parent *certAuthority) *certAuthority {
	t.Helper()
	ca := &certAuthority{key: certNewECDSA(t)}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(365 * 24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	if parent == nil {
		parent = &certAuthority{cert: template, key: ca.key}
	}
	ca.cert = certSign(t, template, parent, ca.key)
	return ca
}

// leaf makes a certificate for loans.example; change, if not nil, alters it first.
func (ca *certAuthority) leaf(t *testing.T, key crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "loans.example"},
		DNSNames:    []string{"loans.example"},
		NotBefore:   time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(200 * 24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	return certSign(t, template, ca, key)
}

func certSign(t *testing.T, template *x509.Certificate, by *certAuthority, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func certPEM(certs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.Bytes()
}

func certKeyPEM(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func certWrite(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// certFiles writes a pair into a new folder and returns the settings for it.
func certFiles(t *testing.T, cert, key []byte) FilesSettings {
	t.Helper()
	dir := t.TempDir()
	return FilesSettings{
		Cert: certWrite(t, filepath.Join(dir, "cert.pem"), cert),
		Key:  certWrite(t, filepath.Join(dir, "key.pem"), key),
	}
}

// certLog keeps what is logged, one line an entry.
type certLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *certLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *certLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *certLog) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// certRun lets source run until the test ends or stop is called.
func certRun(t *testing.T, source CertificateSource) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- source.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// certShake makes one TLS connection over the loopback interface and returns
// what the client saw of it. The client has read a byte from the server, so
// both sides are content.
func certShake(t *testing.T, source CertificateSource, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	return certShakeWith(t, TLSConfig(source), client)
}

func certShakeWith(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := l.Accept(); err == nil {
			certAnswer(tls.Server(conn, server))
		}
	}()
	defer func() { <-done }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return certGreet(tls.Client(conn, client))
}

// certAnswer is the server's side of a connection, certGreet the client's.
func certAnswer(conn *tls.Conn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write([]byte("!")); err == nil {
		conn.Read(make([]byte, 1)) // until the client is gone
	}
}

func certGreet(conn *tls.Conn) (tls.ConnectionState, error) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return tls.ConnectionState{}, err
	}
	return conn.ConnectionState(), nil
}

// certAnyone is a client that trusts every certificate.
func certAnyone() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

func TestStatusDescribesTheCertificate(t *testing.T) {
	ca := newCertAuthority(t, "Some CA", nil)
	leaf := ca.leaf(t, certKey(), func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 7)} })
	set := certFiles(t, certPEM(leaf, ca.cert), certKeyPEM(t, certKey()))
	f, err := OpenCertificateFiles(set, new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	st := f.CertificateStatus()
	if st.Mode != "files" || st.File != set.Cert || strings.Join(st.Names, " ") != "loans.example 10.0.0.7" || st.Issuer != "Some CA" {
		t.Errorf("status %+v", st)
	}
	if !st.NotAfter.Equal(leaf.NotAfter) || !st.NotBefore.Equal(leaf.NotBefore) || st.NotAfter.Location() != time.UTC {
		t.Errorf("good from %v to %v; want %v to %v in UTC", st.NotBefore, st.NotAfter, leaf.NotBefore, leaf.NotAfter)
	}
	if len(st.SHA256) != 95 || strings.Count(st.SHA256, ":") != 31 {
		t.Errorf("fingerprint %q", st.SHA256)
	}
	if st.Error != "" || len(st.Warnings) != 0 {
		t.Errorf("a good certificate is found fault with: %q %q", st.Error, st.Warnings)
	}
}

func TestRunningOutIsToldInTime(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	const d = 24 * time.Hour
	for _, tt := range []struct {
		life, left time.Duration
		want       string // part of the text; empty: silence
		over       bool
	}{
		{365 * d, 31 * d, "", false},
		{365 * d, 29 * d, "runs out in 29 days, on 30 May 2026", false},
		{90 * d, 25 * d, "", false}, // renewed at a third: 30 days; not yet an alarm
		{90 * d, 22 * d, "runs out in 22 days", false},
		{45 * d, 12 * d, "", false},
		{45 * d, 11 * d, "runs out in 11 days", false},
		{90 * d, 5 * time.Hour, "runs out on 1 May 2026 at 17:00 UTC", false},
		{90 * d, -time.Hour, "ran out on 1 May 2026", true},
	} {
		leaf := &x509.Certificate{NotAfter: now.Add(tt.left), NotBefore: now.Add(tt.left - tt.life)}
		text, over := lapsing(leaf, now)
		if over != tt.over || (text == "") != (tt.want == "") || !strings.Contains(text, tt.want) {
			t.Errorf("%v left of %v: %q, %v; want %q, %v", tt.left, tt.life, text, over, tt.want, tt.over)
		}
	}
}
