package receiver

import (
	"crypto/tls"
	"slices"

	"golang.org/x/crypto/acme"
)

// cipherSuites are those offered to TLS 1.2 senders; TLS 1.3 has its own. Go
// takes the best one both sides have, in its own order, so the weaker ones
// below are only ever used by senders with nothing better.
//
// The sender is a .NET program, and .NET takes what Windows' Schannel allows:
// Windows Server 2012 R2 and older have ECDHE with RSA keys only in CBC mode,
// and a hardened "RSA only" list may leave nothing but the RSA key exchange.
// Go no longer offers that by itself (GODEBUG tlsrsakex), since whoever records
// the traffic and steals the key later can read it, and because of
// Bleichenbacher's attack, against which Go's server takes constant time. To
// receive nothing from such a sender would be worse: hence AES-GCM, and AES-CBC
// with SHA-1, the suite every TLS 1.2 program must have (RFC 5246, 9).
//
// Not offered: CBC with SHA-256, for which Go has no defence against Lucky 13
// and which nobody has without CBC with SHA-1; 3DES; RC4.
var cipherSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,

	tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,

	tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_RSA_WITH_AES_256_CBC_SHA,
}

// TLSConfig returns how the receiver speaks TLS: version 1.2 or 1.3 whatever
// GODEBUG says, HTTP/1.1 only, one certificate for every name and for senders
// that give none, session tickets so that a sender who comes back need not
// start from nothing. For [Autocert] it also answers the authority's challenge
// TLS-ALPN-01 (RFC 8737). The caller may change the copy it gets.
func TLSConfig(source CertificateSource) *tls.Config {
	t := &tls.Config{
		GetCertificate: source.GetCertificate,
		MinVersion:     tls.VersionTLS12,
		CipherSuites:   slices.Clone(cipherSuites),
		NextProtos:     []string{"http/1.1"},
	}
	if _, ok := source.(*Autocert); ok {
		t.NextProtos = append(t.NextProtos, acme.ALPNProto)
	}
	return t
}
