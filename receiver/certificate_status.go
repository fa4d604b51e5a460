package receiver

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

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
	Alarm     bool      `json:"alarm,omitempty"`    // its life is running out, or has
	Error     string    `json:"error,omitempty"`    // what keeps senders, or a newer certificate, out; and what to do
	Warnings  []string  `json:"warnings,omitempty"` // what may become an error, or is one for some senders

	Issuance *Issuance `json:"issuance,omitempty"` // nil unless the mode is [ModeAutocert]
}

// An Issuance is how it goes with the certificates that ppm orders by itself.
type Issuance struct {
	Domain    string    `json:"domain"`             // the name they are for
	Directory string    `json:"directory"`          // the authority's address
	Ordering  bool      `json:"ordering,omitempty"` // an attempt is under way
	Tried     time.Time `json:"tried,omitzero"`     // when the last attempt ended
	Failures  int       `json:"failures,omitempty"` // attempts in a row that failed
	Next      time.Time `json:"next"`               // when the next attempt is due
	Problem   string    `json:"problem,omitempty"`  // the authority's word for it, such as "rateLimited" (RFC 8555, 6.7)
	Shown     string    `json:"shown"`              // what senders are shown: "issued", "own", "self-signed" or "nothing"
}

// describe fills in what can be read from the certificate.
func (st *CertificateStatus) describe(leaf *x509.Certificate) {
	st.Names = certificateNames(leaf)
	st.Issuer = certificateTitle(leaf.Issuer.CommonName, leaf.Issuer.Organization)
	st.NotBefore, st.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	st.SHA256 = fingerprint(leaf)
}

// amiss adds text, which may be empty, to what is amiss.
func (st *CertificateStatus) amiss(text string, isError bool) {
	switch {
	case text == "":
	case !isError:
		st.Warnings = append(st.Warnings, text)
	case st.Error != "":
		st.Error += "; meanwhile " + text
	default:
		st.Error = text
	}
}

// told is what has been logged already, and is still so.
type told struct {
	mu    sync.Mutex
	texts []string
}

// tell logs what is amiss in st and was not the last time.
func (t *told) tell(log *slog.Logger, st CertificateStatus) {
	t.mu.Lock()
	before := t.texts
	t.texts = slices.Clone(st.Warnings)
	if st.Error != "" {
		t.texts = append(t.texts, st.Error)
	}
	t.mu.Unlock()
	if st.Error != "" && !slices.Contains(before, st.Error) {
		log.Error("certificate needs attention", "file", st.File, "err", st.Error)
	}
	for _, w := range st.Warnings {
		if !slices.Contains(before, w) {
			log.Warn("certificate needs attention", "file", st.File, "warning", w)
		}
	}
}

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
