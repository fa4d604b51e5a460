package receiver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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

// served is the certificate of a source and what there is to say about it.
type served struct {
	mode string
	file string
	log  *slog.Logger
	cert atomic.Pointer[tls.Certificate]

	mu       sync.Mutex
	err      error    // why there is no newer certificate
	warnings []string // found when the certificate was loaded

	told told
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
	if cert := s.cert.Load(); cert != nil {
		st.describe(cert.Leaf)
		text, over := lapsing(cert.Leaf, time.Now())
		st.Alarm = text != ""
		st.amiss(text, over)
	}
	return st
}

// tell logs what is amiss and has not been logged since it began.
func (s *served) tell() { s.told.tell(s.log, s.CertificateStatus()) }

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
