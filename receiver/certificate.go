package receiver

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A CertificateSource is where the certificate comes from that senders are
// shown. All methods may be called concurrently.
type CertificateSource interface {
	// GetCertificate is meant for [tls.Config.GetCertificate]. It answers from
	// memory: no disk and no network can hold up a handshake.
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)

	// Run keeps the certificate current until ctx ends, and then returns nil.
	// It logs what someone should know, once for every change.
	Run(ctx context.Context) error

	// CertificateStatus tells what is being served and what is amiss with it.
	CertificateStatus() CertificateStatus
}

// A CertificateStatus describes the certificate being served, for the log, the
// status and the dashboard. Without a certificate all but Mode, File and Error
// are empty.
type CertificateStatus struct {
	Mode      string    `json:"mode"`   // the setting receiver.tls.mode
	File      string    `json:"file"`   // where the certificate lies; for a self-signed one, what Clearmatch has to trust
	Names     []string  `json:"names"`  // host names and addresses it is good for
	Issuer    string    `json:"issuer"` // who signed it
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	SHA256    string    `json:"sha256"`             // fingerprint, as AA:BB:…, the way browsers and openssl write it
	Error     string    `json:"error,omitempty"`    // what keeps senders, or a newer certificate, out; and what to do
	Warnings  []string  `json:"warnings,omitempty"` // what may become an error, or is one for some senders
}

// served is the certificate of a source and what there is to say about it.
type served struct {
	mode string
	file string
	log  *slog.Logger
	cert atomic.Pointer[tls.Certificate]

	mu       sync.Mutex
	err      error    // why there is no newer certificate
	warnings []string // found when the certificate was loaded
	told     []string // already logged, and still so
}

func (s *served) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert := s.cert.Load()
	if cert == nil {
		return nil, errors.New("there is no certificate yet")
	}
	return cert, nil
}

// serve lets cert be shown from now on.
func (s *served) serve(cert *tls.Certificate, warnings []string) {
	s.mu.Lock()
	s.err, s.warnings = nil, warnings
	s.mu.Unlock()
	s.cert.Store(cert)
}

// keep goes on with the certificate there is, err being why.
func (s *served) keep(err error) {
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
}

func (s *served) CertificateStatus() CertificateStatus {
	s.mu.Lock()
	err, warnings := s.err, slices.Clone(s.warnings)
	s.mu.Unlock()

	st := CertificateStatus{Mode: s.mode, File: s.file, Warnings: warnings}
	if err != nil {
		st.Error = err.Error()
	}
	cert := s.cert.Load()
	if cert == nil {
		return st
	}
	leaf := cert.Leaf
	st.Names = certificateNames(leaf)
	st.Issuer = certificateTitle(leaf.Issuer.CommonName, leaf.Issuer.Organization)
	st.NotBefore, st.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	st.SHA256 = fingerprint(leaf)
	switch text, over := lapsing(leaf, time.Now()); {
	case over && st.Error != "":
		st.Error += "; meanwhile " + text
	case over:
		st.Error = text
	case text != "":
		st.Warnings = append(st.Warnings, text)
	}
	return st
}

// tell logs what is amiss and has not been logged since it began.
func (s *served) tell() {
	st := s.CertificateStatus()
	s.mu.Lock()
	before := s.told
	s.told = slices.Clone(st.Warnings)
	if st.Error != "" {
		s.told = append(s.told, st.Error)
	}
	s.mu.Unlock()

	if st.Error != "" && !slices.Contains(before, st.Error) {
		s.log.Error("certificate needs attention", "file", s.file, "err", st.Error)
	}
	for _, w := range st.Warnings {
		if !slices.Contains(before, w) {
			s.log.Warn("certificate needs attention", "file", s.file, "warning", w)
		}
	}
}

// lapsing says so when the life of leaf is running out, and whether it is over.
//
// The alarm comes at a quarter of the life, so that a certificate renewed at a
// third as is the custom never raises it, but not more than 30 days ahead.
func lapsing(leaf *x509.Certificate, now time.Time) (text string, over bool) {
	left := leaf.NotAfter.Sub(now)
	early := min(leaf.NotAfter.Sub(leaf.NotBefore)/4, 30*24*time.Hour)
	switch {
	case left < 0:
		return fmt.Sprintf("the certificate being served ran out on %s: senders refuse it until it is replaced", day(leaf.NotAfter)), true
	case left >= early:
		return "", false
	case left < 48*time.Hour:
		return fmt.Sprintf("the certificate runs out on %s: replace it now", leaf.NotAfter.UTC().Format("2 January 2006 at 15:04 UTC")), false
	}
	return fmt.Sprintf("the certificate runs out in %d days, on %s: replace it before then", int(left/(24*time.Hour)), day(leaf.NotAfter)), false
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// fingerprint returns the SHA-256 of the certificate as AA:BB:….
func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// certificateNames returns the host names and addresses c is good for.
func certificateNames(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// certificateTitle picks what a person would call the holder of a certificate.
func certificateTitle(commonName string, organization []string) string {
	if commonName != "" {
		return commonName
	}
	if len(organization) > 0 {
		return organization[0]
	}
	return "without a name"
}

// subject names c in a sentence.
func subject(c *x509.Certificate) string {
	if c.Subject.CommonName == "" && len(c.DNSNames) > 0 {
		return c.DNSNames[0]
	}
	return certificateTitle(c.Subject.CommonName, c.Subject.Organization)
}
