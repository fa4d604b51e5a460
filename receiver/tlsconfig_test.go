package receiver

import (
	"crypto/tls"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestSendersOldAndNewCanConnect(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := openSelfSigned(t, t.TempDir(), "")
	tls12 := func(suites ...uint16) *tls.Config {
		c := certAnyone()
		c.MinVersion, c.MaxVersion, c.CipherSuites = tls.VersionTLS12, tls.VersionTLS12, suites
		return c
	}
	for _, tt := range []struct {
		name    string
		client  *tls.Config
		version uint16
		suite   uint16 // 0: whichever
	}{
		{"as it likes", certAnyone(), tls.VersionTLS13, 0},
		{"TLS 1.2", tls12(), tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		{"ECDHE, AES-GCM", tls12(tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384), tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384},
		{"Windows Server 2012 R2", tls12(tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_AES_128_GCM_SHA256), tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA},
		{"RSA key exchange, AES-128-GCM", tls12(tls.TLS_RSA_WITH_AES_128_GCM_SHA256), tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256},
		{"RSA key exchange, AES-256-GCM", tls12(tls.TLS_RSA_WITH_AES_256_GCM_SHA384), tls.VersionTLS12, tls.TLS_RSA_WITH_AES_256_GCM_SHA384},
		{"RSA key exchange, AES-128-CBC", tls12(tls.TLS_RSA_WITH_AES_128_CBC_SHA), tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		{"RSA key exchange, AES-256-CBC", tls12(tls.TLS_RSA_WITH_AES_256_CBC_SHA), tls.VersionTLS12, tls.TLS_RSA_WITH_AES_256_CBC_SHA},
		{"the weaker one first", tls12(tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
	} {
		got, err := certShake(t, s, tt.client)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got.Version != tt.version || tt.suite != 0 && got.CipherSuite != tt.suite {
			t.Errorf("%s: %s with %s", tt.name, tls.VersionName(got.Version), tls.CipherSuiteName(got.CipherSuite))
		}
	}
}

func TestWeakTLSIsRefused(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := openSelfSigned(t, t.TempDir(), "")
	// A server that relied on Go's defaults would give in to these.
	t.Setenv("GODEBUG", "tls10server=1,tls3des=1,tlsrsakex=1")
	old := certAnyone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if _, err := certShake(t, s, old); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("TLS 1.1: %v", err)
	}
	for _, suite := range []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256} {
		c := certAnyone()
		c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{suite}
		if _, err := certShake(t, s, c); err == nil {
			t.Errorf("%s: connected", tls.CipherSuiteName(suite))
		}
	}
}

func TestEverySenderIsShownTheOneCertificate(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := openSelfSigned(t, t.TempDir(), "loans.example")
	for _, name := range []string{"", "loans.example", "127.0.0.1", "other.example"} {
		c := certAnyone()
		c.ServerName = name
		got, err := certShake(t, s, c)
		if err != nil {
			t.Errorf("server name %q: %v", name, err)
		} else if !got.PeerCertificates[0].Equal(s.cert.Load().Leaf) {
			t.Errorf("server name %q: another certificate", name)
		}
	}
}

func TestOnlyHTTP1IsAgreedOn(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := openSelfSigned(t, t.TempDir(), "")
	for _, tt := range []struct {
		offered []string
		want    string
	}{
		{[]string{"h2", "http/1.1"}, "http/1.1"},
		{nil, ""},
	} {
		c := certAnyone()
		c.NextProtos = tt.offered
		got, err := certShake(t, s, c)
		if err != nil || got.NegotiatedProtocol != tt.want {
			t.Errorf("offered %q: %q, %v; want %q", tt.offered, got.NegotiatedProtocol, err, tt.want)
		}
	}
	c := certAnyone()
	c.NextProtos = []string{"h2"}
	if _, err := certShake(t, s, c); err == nil {
		t.Error("h2 alone: connected")
	}
}

func TestReturningSenderResumesItsSession(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := openSelfSigned(t, t.TempDir(), "")
	config := TLSConfig(s)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := certAnyone()
		c.ServerName = "localhost"
		c.MaxVersion = version
		c.ClientSessionCache = tls.NewLRUClientSessionCache(4)
		for i, want := range []bool{false, true} {
			got, err := certShakeWith(t, config, c)
			if err != nil || got.DidResume != want {
				t.Errorf("%s, connection %d: resumed %v, %v; want %v", tls.VersionName(version), i+1, got.DidResume, err, want)
			}
		}
	}
}

func TestTLSConfigIsACopy(t *testing.T) {
	s := openSelfSigned(t, t.TempDir(), "")
	TLSConfig(s).CipherSuites[0] = 0
	if TLSConfig(s).CipherSuites[0] == 0 {
		t.Error("one caller's change reached the next")
	}
}
