package receiver

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// FilesSettings say where the partner's own certificate lies.
type FilesSettings struct {
	Cert     string // receiver.tls.cert: a PEM file with the certificate and its chain, or a PFX with everything
	Key      string // receiver.tls.key: a PEM file with the private key; empty when Cert holds it too
	Password string // receiver.tls.password: opens the PFX; may be empty
	Domain   string // receiver.tls.domain: the name the certificate must be good for; empty: any
}

// maxFile bounds what is read for a certificate. The longest chains have some 20 kB.
const maxFile = 1 << 20

func (set FilesSettings) keyFile() string {
	if set.Key == "" {
		return set.Cert
	}
	return set.Key
}

// load reads the files and checks that all fits. Its error begins with the
// name of the setting to mend; the warnings are no reason not to serve.
func (set FilesSettings) load(now time.Time) (*tls.Certificate, []string, error) {
	chain, key, err := set.read()
	if err != nil {
		return nil, nil, err
	}
	leaf := chain[0]
	fault := func(err error) error {
		if err == nil {
			return nil
		}
		return fmt.Errorf("receiver.tls.cert: %s: %w", set.Cert, err)
	}
	err = errors.Join(fault(checkUse(leaf)), fault(checkName(leaf, set.Domain)), fault(checkDates(leaf, now)))
	if err != nil {
		return nil, nil, err
	}
	return tlsCertificate(chain, key), cautions(chain, now), nil
}

func tlsCertificate(chain []*x509.Certificate, key crypto.Signer) *tls.Certificate {
	cert := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, c := range chain {
		cert.Certificate = append(cert.Certificate, c.Raw)
	}
	return cert
}

// read returns the chain, leaf first, and the key that belongs to it.
func (set FilesSettings) read() ([]*x509.Certificate, crypto.Signer, error) {
	if set.Cert == "" {
		return nil, nil, errors.New("receiver.tls.cert: give the file with the certificate, or choose another receiver.tls.mode")
	}
	data, err := readBounded("receiver.tls.cert", set.Cert)
	if err != nil {
		return nil, nil, err
	}
	if looksBinary(data) {
		chain, key, err := parsePFX(data, set.Password)
		switch {
		case errors.Is(err, errPFXPassword) && set.Password == "":
			return nil, nil, fmt.Errorf("receiver.tls.password: %s is protected by a password: give it here", set.Cert)
		case errors.Is(err, errPFXPassword):
			return nil, nil, fmt.Errorf("receiver.tls.password: %w %s: give the one it was exported with", err, set.Cert)
		case err != nil:
			return nil, nil, fmt.Errorf("receiver.tls.cert: %s %w", set.Cert, err)
		case len(chain) == 0:
			return nil, nil, fmt.Errorf("receiver.tls.cert: %s: the private key in it belongs to none of its certificates: export it again", set.Cert)
		}
		return chain, key, nil
	}

	p, err := parsePEM(data)
	if err != nil {
		return nil, nil, fmt.Errorf("receiver.tls.cert: %s %w; it should be PEM or PFX", set.Cert, err)
	}
	if len(p.certs) == 0 {
		return nil, nil, fmt.Errorf("receiver.tls.cert: %s %s", set.Cert, p.insteadOfCertificate())
	}
	keys, err := set.readKeys(p)
	if err != nil {
		return nil, nil, err
	}
	// A file with several keys is no fault as long as the right one is there.
	key := keys[max(0, slices.IndexFunc(keys, func(k crypto.Signer) bool { return fits(k, p.certs[0]) }))]
	if err := checkOrder(p.certs, key); err != nil {
		return nil, nil, fmt.Errorf("receiver.tls.cert: %s and key %s: %w", set.Cert, set.keyFile(), err)
	}
	return p.certs, key, nil
}

// readKeys returns the private keys of the key file, at least one; cert is
// what the certificate file holds.
func (set FilesSettings) readKeys(cert pemContents) ([]crypto.Signer, error) {
	p := cert
	if set.Key != "" {
		data, err := readBounded("receiver.tls.key", set.Key)
		if err != nil {
			return nil, err
		}
		if looksBinary(data) {
			return nil, fmt.Errorf("receiver.tls.key: %s is binary: it should be PEM; if it is a PFX file, name it in receiver.tls.cert and leave this empty", set.Key)
		}
		if p, err = parsePEM(data); err != nil {
			return nil, fmt.Errorf("receiver.tls.key: %s %w", set.Key, err)
		}
	}
	switch {
	case len(p.keys) > 0:
		return p.keys, nil
	case p.locked:
		return nil, fmt.Errorf("receiver.tls.key: the private key in %s is protected by a passphrase: "+
			"remove it (openssl pkey -in old.key -out new.key), or put certificate and key into one PFX file with receiver.tls.password", set.keyFile())
	case set.Key == "":
		return nil, fmt.Errorf("receiver.tls.key: give the file with the private key; %s holds only the certificate", set.Cert)
	}
	return nil, fmt.Errorf("receiver.tls.key: %s holds no private key", set.Key)
}

// insteadOfCertificate says what a PEM file without a certificate seems to be.
func (p pemContents) insteadOfCertificate() string {
	switch {
	case slices.Contains(p.others, "CERTIFICATE REQUEST"), slices.Contains(p.others, "NEW CERTIFICATE REQUEST"):
		return "holds a request for a certificate: send it to the certificate authority and name here what comes back"
	case slices.Contains(p.others, "PKCS7"):
		return "holds a PKCS #7 bundle: convert it (openssl pkcs7 -print_certs -in old -out new.pem)"
	case len(p.keys) > 0 || p.locked:
		return "holds only a private key: that belongs into receiver.tls.key, and the certificate here"
	}
	return "holds no certificate"
}

// readBounded reads the whole file that the setting names and closes it again.
func readBounded(setting, path string) ([]byte, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no file %s: correct the path", setting, path)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: %w: let the account that runs ppm read it", setting, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", setting, err)
	case len(data) > maxFile:
		return nil, fmt.Errorf("%s: %s is too large for a certificate or key: correct the path", setting, path)
	case len(data) == 0:
		return nil, fmt.Errorf("%s: %s is empty", setting, path)
	}
	return data, nil
}
