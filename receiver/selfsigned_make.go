package receiver

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// selfSignedYears is the life of a self-signed certificate. Neither .NET nor
// curl nor openssl sets a limit, and each renewal has to be carried to
// Clearmatch by hand. Only Apple's programs refuse more than 825 days, and
// none of those posts notifications.
const selfSignedYears = 10

// newKey returns an RSA key of 2048 bits and its PEM form (PKCS #8). RSA,
// because .NET senders come with RSA-only cipher lists.
func newKey() (crypto.Signer, []byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// newSelfSigned returns a certificate of key for this computer, and its PEM
// form, which serves as its own trust anchor.
//
// It is not a certificate authority: whoever trusts it trusts these names, and
// a stolen key cannot vouch for others. Some programs (rustls, Firefox) refuse
// an authority that acts as a server anyway. There is no key usage extension
// because openssl 1.1.1 takes a self-signed certificate as an anchor only with
// the right to sign others, which RFC 5280 (4.2.1.9) denies to one that is no
// authority; without the extension both are content.
func newSelfSigned(key crypto.Signer, host, domain string, now time.Time) (*tls.Certificate, []byte, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("make a self-signed certificate: %w", err)
	}
	id := sha256.Sum256(public)
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "localhost", Organization: []string{"Partner Process Manager"}},
		NotBefore:             now.Add(-24 * time.Hour), // the sender's clock may be slow
		NotAfter:              now.AddDate(selfSignedYears, 0, 0),
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		// Both, so that an anchor of the same name from another computer or an
		// earlier life is not mistaken for this one.
		SubjectKeyId:   id[:20],
		AuthorityKeyId: id[:20],
		DNSNames:       []string{"localhost"},
		IPAddresses:    []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if domain != "" && !addName(template, domain) {
		return nil, nil, fmt.Errorf("receiver.tls.domain: %q cannot stand in a certificate: give a host name in plain ASCII (xn--… for others) or an address", domain)
	}
	addName(template, host) // a name that cannot stand in a certificate is left out
	if names := template.DNSNames[1:]; len(names) > 0 && len(names[0]) <= 64 {
		template.Subject.CommonName = names[0] // what a person sees; at most 64 characters (RFC 5280, appendix A.1)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("make a self-signed certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("make a self-signed certificate: %w", err)
	}
	return tlsCertificate([]*x509.Certificate{leaf}, key), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// addName adds a host name or address to what c is good for. It reports
// whether that is possible.
func addName(c *x509.Certificate, name string) bool {
	if ip := net.ParseIP(name); ip != nil {
		if !slices.ContainsFunc(c.IPAddresses, ip.Equal) {
			c.IPAddresses = append(c.IPAddresses, ip)
		}
		return true
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		odd := strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_")
		if label == "" || len(label) > 63 || odd != "" || strings.Trim(label, "-") != label {
			return false
		}
	}
	if !slices.Contains(c.DNSNames, name) {
		c.DNSNames = append(c.DNSNames, name)
	}
	return true
}

// writeWhole writes a file so that after a power cut it is there whole or not at all.
func writeWhole(path string, data []byte, mode os.FileMode) error {
	temporary := path + ".tmp"
	// What an earlier attempt left may have another mode.
	if err := os.Remove(temporary); err != nil && !os.IsNotExist(err) {
		return err
	}
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode) // whatever the umask
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		os.Remove(temporary)
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the names in dir survive a power cut. Windows writes them
// through by itself and cannot sync a folder.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
