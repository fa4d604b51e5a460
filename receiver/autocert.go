package receiver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
)

// ModeAutocert is the mode of [Autocert], as in the setting receiver.tls.mode.
const ModeAutocert = "autocert"

// AutocertSettings say for which name certificates are ordered, and from whom.
type AutocertSettings struct {
	Folder     string        // where certificates are kept, the self-signed one among them
	Domain     string        // receiver.tls.domain: the name they are for
	Directory  string        // receiver.tls.ca_directory: the authority's ACME directory
	Root       string        // receiver.tls.ca_root: a PEM file that the directory is trusted by; empty: the system's roots alone
	HTTPListen string        // receiver.tls.http_listen: where HTTP-01 is answered; empty: nowhere
	Own        FilesSettings // the partner's own certificate, for when none is issued; without Cert there is none
}

// Autocert is a [CertificateSource] that orders certificates from an authority
// (ACME, RFC 8555): one with an ECDSA key, and one with an RSA key for senders
// that cannot do ECDSA. Each is ordered anew at half its life.
//
// A handshake never starts an order and never waits for one, or every stranger
// could use up what the authority grants to a name. Run orders, by itself and
// when [Autocert.Renew] asks for it. While nothing is issued, the old
// certificate is served for as long as it is good, then the partner's own, then
// the self-signed one.
type Autocert struct {
	set   AutocertSettings
	log   *slog.Logger
	kinds []*kind // the better one first
	kept  *certFolder
	own   *CertificateFiles // nil: there is none
	last  *SelfSigned       // nil: it could not be had
	talk  func() (http.RoundTripper, error)
	asked chan request
	order atomic.Pointer[order] // the one under way; answers the authority's challenges

	mu       sync.Mutex
	progress progress
	deaf     error    // why the last attempt had to do without HTTP-01
	lacking  []string // what was found when opening: what of the above is not there, and why
	found    []string // by the last rehearsal
	told     told
}

// A kind is a kind of key and the certificate issued for it.
type kind struct {
	name   string   // for people
	suites []uint16 // what tells autocert that this kind is wanted
	file   string   // as autocert calls it
	cert   atomic.Pointer[tls.Certificate]
	due    atomic.Int64 // when the next one is to be ordered, Unix nanoseconds
}

// OpenAutocert loads the certificates that were issued before and gets ready
// what is served without them. Nothing that is amiss with a certificate is an
// error: it is in the status, and Run tries to mend it.
func OpenAutocert(set AutocertSettings, log *slog.Logger) (*Autocert, error) {
	set.Domain = strings.ToLower(set.Domain)
	a := &Autocert{
		set: set,
		log: log,
		kinds: []*kind{
			{name: "ECDSA", file: set.Domain, suites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}},
			{name: "RSA", file: set.Domain + "+rsa"},
		},
		asked: make(chan request),
	}
	a.talk = a.transport
	var err error
	// What it has to say of itself matters to those alone who rely on it.
	if a.last, err = OpenSelfSigned(set.Folder, set.Domain, slog.New(slog.DiscardHandler)); err != nil {
		a.last, a.lacking = nil, append(a.lacking, err.Error())
	}
	if set.Own.Cert != "" {
		if a.own, err = OpenCertificateFiles(set.Own, log); err != nil {
			a.own, a.lacking = nil, append(a.lacking, err.Error())
		}
	}
	a.kept = newCertFolder(set.Folder, set.Directory)
	for _, k := range a.kinds {
		cert, err := a.kept.certificate(k.file, set.Domain)
		if err != nil {
			a.lacking = append(a.lacking, fmt.Sprintf("the certificate kept cannot be used, and another is ordered: %v", err))
			continue
		}
		if cert != nil {
			k.take(cert, cert.Leaf.NotBefore)
		}
	}
	return a, nil
}

// take has cert served, which is good from the given time on.
func (k *kind) take(cert *tls.Certificate, from time.Time) {
	k.due.Store(from.Add(cert.Leaf.NotAfter.Sub(from) / 2).UnixNano())
	k.cert.Store(cert)
}

// GetCertificate answers the authority's challenge, and everybody else with the
// best certificate that the client can do.
func (a *Autocert) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acme.ALPNProto {
		if o := a.order.Load(); o != nil {
			return o.manager.GetCertificate(hello)
		}
		return nil, errors.New("nobody asked for this challenge: no certificate is being ordered")
	}
	// Who gives no name, or another one, gets the same certificate.
	nameless := *hello
	nameless.ServerName = ""
	var best *tls.Certificate
	for _, c := range a.candidates(time.Now()) {
		cert, err := c.get(hello)
		if err != nil {
			continue
		}
		if nameless.SupportsCertificate(cert) == nil {
			return cert, nil
		}
		if best == nil {
			best = cert
		}
	}
	if best == nil {
		return nil, errors.New("there is no certificate yet")
	}
	return best, nil // and have the handshake say what does not fit
}

// A candidate is a certificate that could be served.
type candidate struct {
	shown string // as in [Issuance]
	file  string
	cert  *tls.Certificate
	get   func(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// candidates returns what could be served at now, the best first.
func (a *Autocert) candidates(now time.Time) []candidate {
	var list []candidate
	for _, k := range a.kinds {
		if cert := k.cert.Load(); cert != nil && now.Before(cert.Leaf.NotAfter) {
			list = append(list, candidate{"issued", a.kept.path(k.file), cert,
				func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert, nil }})
		}
	}
	if a.own != nil {
		if cert := a.own.cert.Load(); now.Before(cert.Leaf.NotAfter) {
			list = append(list, candidate{"own", a.own.file, cert, a.own.GetCertificate})
		}
	}
	if a.last != nil {
		list = append(list, candidate{"self-signed", a.last.file, a.last.cert.Load(), a.last.GetCertificate})
	}
	return list
}
