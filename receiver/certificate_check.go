package receiver

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// fits reports whether c was made for key.
func fits(key crypto.Signer, c *x509.Certificate) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(c.PublicKey)
}

func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// issued reports whether child was signed by parent. It is only about the order
// of a file; whether anybody trusts it is the sender's business, and so are
// the rules that CheckSignatureFrom would add.
func issued(parent, child *x509.Certificate) bool {
	return bytes.Equal(child.RawIssuer, parent.RawSubject) &&
		parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature) == nil
}

// issuerOf returns the place in certs of the one that signed c, or -1. A
// certificate that signed itself has no issuer.
func issuerOf(c *x509.Certificate, certs []*x509.Certificate) int {
	if selfSigned(c) {
		return -1
	}
	return slices.IndexFunc(certs, func(other *x509.Certificate) bool { return issued(other, c) })
}

// checkOrder returns an error unless certs is a chain as TLS sends it: the
// certificate of key first, each signed by the next (RFC 5246, 7.4.2).
func checkOrder(certs []*x509.Certificate, key crypto.Signer) error {
	switch at := slices.IndexFunc(certs, func(c *x509.Certificate) bool { return fits(key, c) }); {
	case at < 0:
		return fmt.Errorf("the private key does not belong to the certificate of %s: use the key that the certificate was requested with", subject(certs[0]))
	case at > 0:
		return fmt.Errorf("the chain is in the wrong order: the certificate of %s stands at place %d and must come first, "+
			"followed by the one that signed it (%s), and so on", subject(certs[at]), at+1, certs[at].Issuer.CommonName)
	}
	for i := 1; i < len(certs); i++ {
		child, next := certs[i-1], certs[i]
		if issued(next, child) && !next.Equal(child) {
			continue
		}
		if next.Equal(child) {
			return fmt.Errorf("the certificate of %s is in the file twice: remove one of the two", subject(next))
		}
		if j := issuerOf(child, certs); j >= 0 {
			return fmt.Errorf("the chain is in the wrong order: after the certificate of %s must come the one that signed it, %s, which stands at place %d instead of %d",
				subject(child), subject(certs[j]), j+1, i+1)
		}
		return fmt.Errorf("the chain does not hold together: certificate %d (%s) did not sign the one before it (%s): "+
			"remove it, or put the certificate of %s in its place", i+1, subject(next), subject(child), child.Issuer.CommonName)
	}
	return nil
}

// checkName returns an error unless c is good for the host name domain.
func checkName(c *x509.Certificate, domain string) error {
	if domain == "" || c.VerifyHostname(domain) == nil {
		return nil
	}
	names := strings.Join(certificateNames(c), ", ")
	if names == "" {
		names = "no host name at all"
	}
	return fmt.Errorf("the certificate is for %s and not for %s: get one for that name, or correct receiver.tls.domain", names, domain)
}

// checkDates returns an error unless c may be used at now.
func checkDates(c *x509.Certificate, now time.Time) error {
	switch {
	case now.After(c.NotAfter):
		return fmt.Errorf("the certificate ran out on %s: put a current one in its place", day(c.NotAfter))
	case now.Before(c.NotBefore):
		return fmt.Errorf("the certificate is good from %s only, and this computer's clock says %s: set the clock, or wait",
			c.NotBefore.UTC().Format("2 January 2006 15:04 UTC"), now.UTC().Format("2 January 2006 15:04 UTC"))
	}
	return nil
}

// checkUse returns an error unless c may stand for a TLS server.
func checkUse(c *x509.Certificate) error {
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return nil
	}
	return errors.New("the certificate is not meant for a server (it lacks the usage “server authentication”): ask for a TLS server certificate")
}

// cautions lists what keeps some senders out, or may.
func cautions(chain []*x509.Certificate, now time.Time) []string {
	var w []string
	leaf := chain[0]
	if len(chain) == 1 && !selfSigned(leaf) {
		w = append(w, fmt.Sprintf("the file has no intermediate certificate: senders that do not have the one of %s themselves will refuse; "+
			"use the file with the whole chain (often called fullchain)", certificateTitle(leaf.Issuer.CommonName, leaf.Issuer.Organization)))
	}
	if len(certificateNames(leaf)) == 0 {
		w = append(w, "the certificate has no host name among its alternative names: most senders will refuse it")
	}
	switch leaf.PublicKey.(type) {
	case *rsa.PublicKey:
	case *ecdsa.PublicKey:
		w = append(w, "the certificate has an ECDSA key: senders that only offer RSA, as older .NET programs do, cannot connect; ask for an RSA certificate if Clearmatch cannot")
	default:
		w = append(w, "the certificate has a kind of key that Windows senders cannot use: ask for an RSA certificate")
	}
	for _, c := range chain[1:] {
		// An old cross-signature may be sent on purpose, so it is no error.
		if !selfSigned(c) && checkDates(c, now) != nil {
			w = append(w, fmt.Sprintf("the intermediate certificate of %s is not valid now (%s to %s): get the present chain from whoever issued the certificate",
				subject(c), day(c.NotBefore), day(c.NotAfter)))
		}
	}
	return w
}
