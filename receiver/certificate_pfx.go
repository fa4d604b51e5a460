package receiver

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// errPFXPassword: the password does not open the PFX.
var errPFXPassword = errors.New("the password does not open the PFX file")

// looksBinary reports whether data begins as DER does, the form of PFX and .cer files.
func looksBinary(data []byte) bool { return len(data) > 2 && data[0] == 0x30 }

// parsePFX reads a PFX file (PKCS #12, RFC 7292) with one private key and its
// certificates, as Windows and openssl export it. The certificates come back
// leaf first: the file has an order of its own that nobody chose.
func parsePFX(data []byte, password string) ([]*x509.Certificate, crypto.Signer, error) {
	if c, err := x509.ParseCertificate(data); err == nil {
		return nil, nil, fmt.Errorf("is the certificate of %s alone, in binary form (DER) and without its private key: "+
			"export it again as PFX with the private key, or as Base-64 (PEM)", subject(c))
	}
	anyKey, first, others, err := pkcs12.DecodeChain(data, password)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, nil, errPFXPassword
	}
	if err != nil {
		if certs, e := pkcs12.DecodeTrustStore(data, password); e == nil && len(certs) > 0 {
			return nil, nil, errors.New("is a PFX file without a private key: export it again, with the private key")
		}
		return nil, nil, fmt.Errorf("cannot be read as a PFX file: %w; export it again with one certificate, its private key and its chain", err)
	}
	key, ok := anyKey.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("holds a key of type %T, which cannot sign", anyKey)
	}
	return chainOf(key, append([]*x509.Certificate{first}, others...)), key, nil
}

// chainOf returns the certificate of key followed by those that signed it, as
// far as certs has them; nil when none of certs belongs to key.
func chainOf(key crypto.Signer, certs []*x509.Certificate) []*x509.Certificate {
	var chain []*x509.Certificate
	for _, c := range certs {
		if fits(key, c) {
			chain = append(chain, c)
			break
		}
	}
	for len(chain) > 0 {
		i := issuerOf(chain[len(chain)-1], certs)
		if i < 0 || len(chain) == len(certs) {
			break
		}
		chain = append(chain, certs[i])
	}
	return chain
}
