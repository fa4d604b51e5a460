package receiver

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"time"
)

// rehearsals returns the clients that are tried out for domain.
func rehearsals(domain string) map[string]*tls.Config {
	return map[string]*tls.Config{
		"senders":                        {ServerName: domain},
		"senders that give no host name": {},
		"senders that can only do RSA": {
			ServerName:   domain,
			MaxVersion:   tls.VersionTLS12, // where the suites name the kind of key
			CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		},
	}
}

// rehearse has clients of each kind shake hands with a, in memory, and notes
// what they do not like. What is served instead of an issued certificate they
// cannot like.
func (a *Autocert) rehearse(now time.Time) {
	var found []string
	if list := a.candidates(now); len(list) > 0 && list[0].shown == "issued" {
		clients := rehearsals(a.set.Domain)
		for _, who := range slices.Sorted(maps.Keys(clients)) {
			leaf, err := a.shake(clients[who])
			switch {
			case err != nil:
				found = append(found, fmt.Sprintf("%s cannot connect: %v", who, err))
			case !a.issued(leaf):
				found = append(found, fmt.Sprintf("%s are shown a certificate of %s, for want of one that was issued", who, subject(leaf)))
			}
		}
		if err := a.trusted(list[0].cert, now); err != nil {
			found = append(found, fmt.Sprintf("this computer does not trust the certificate that %s issued (%v): if the authority is not one of your own, "+
				"or on trial, choose another in receiver.tls.ca_directory; senders may not trust it either", hostOf(a.set.Directory), err))
		}
	}
	a.mu.Lock()
	a.found = found
	a.mu.Unlock()
}

func (a *Autocert) issued(leaf *x509.Certificate) bool {
	return slices.ContainsFunc(a.kinds, func(k *kind) bool {
		cert := k.cert.Load()
		return cert != nil && cert.Leaf.Equal(leaf)
	})
}

// shake has a client connect in memory and returns what it was shown.
func (a *Autocert) shake(client *tls.Config) (*x509.Certificate, error) {
	near, far := net.Pipe()
	defer near.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer far.Close()
		_ = tls.Server(far, TLSConfig(a)).Handshake() // the client tells
	}()
	defer func() { <-done }()
	near.SetDeadline(time.Now().Add(headerTime))
	far.SetDeadline(time.Now().Add(headerTime))
	client.InsecureSkipVerify = true // whether it is trusted is another question
	conn := tls.Client(near, client)
	if err := conn.Handshake(); err != nil {
		near.Close()
		return nil, err
	}
	certs := conn.ConnectionState().PeerCertificates
	near.Close()
	if len(certs) == 0 {
		return nil, errors.New("no certificate was shown")
	}
	return certs[0], nil
}

// trusted returns an error unless this computer trusts cert.
func (a *Autocert) trusted(cert *tls.Certificate, now time.Time) error {
	roots, err := a.roots()
	if err != nil {
		return err
	}
	between := x509.NewCertPool()
	for _, der := range cert.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	_, err = cert.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now})
	return err
}
