package receiver

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// ModeSelfSigned is the mode of [SelfSigned], as in the setting receiver.tls.mode.
const ModeSelfSigned = "self-signed"

// expiryCheck is how often Run sees whether the certificate has run out. Once
// in ten years nobody minds waiting a day.
const expiryCheck = 24 * time.Hour

// SelfSigned is a [CertificateSource] that serves a certificate which nobody
// vouches for but the partner, who hands the file self-signed.crt to
// Clearmatch to trust. Because of that it is never replaced behind the
// partner's back: what is damaged is an error, and only what has run out, which
// nobody accepts any more, is made anew.
type SelfSigned struct {
	served
	keyFile string
	domain  string
}

// OpenSelfSigned loads the certificate from the folder dir, or makes folder,
// key and certificate when there are none. It is made for this computer and for
// domain (receiver.tls.domain; may be empty). Nobody else may use dir meanwhile.
func OpenSelfSigned(dir, domain string, log *slog.Logger) (*SelfSigned, error) {
	s := &SelfSigned{
		served:  served{mode: ModeSelfSigned, file: filepath.Join(dir, "self-signed.crt"), log: log},
		keyFile: filepath.Join(dir, "self-signed.key"),
		domain:  domain,
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder for certificates: %w", err)
	}
	if err := s.open(time.Now()); err != nil {
		return nil, err
	}
	return s, nil
}

// Run makes the certificate anew when it runs out, and says so, and warns before.
func (s *SelfSigned) Run(ctx context.Context) error {
	timer := time.NewTimer(expiryCheck)
	defer timer.Stop()
	for {
		s.tell()
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if now := time.Now(); now.After(s.cert.Load().Leaf.NotAfter) {
			if err := s.renew(now); err != nil {
				s.keep(err)
			}
		}
		timer.Reset(expiryCheck)
	}
}

// open brings s to serve a certificate, whatever is or is not on disk.
func (s *SelfSigned) open(now time.Time) error {
	haveCert, haveKey := exists(s.file), exists(s.keyFile)
	switch {
	case !haveCert && !haveKey:
		key, err := s.makeKey()
		if err != nil {
			return err
		}
		return s.makeCertificate(key, now, nil)
	case !haveCert:
		// The key is written first: the first start was interrupted here.
		key, err := s.readKey()
		if err != nil {
			return err
		}
		return s.makeCertificate(key, now, nil)
	case !haveKey:
		return s.damaged(fmt.Errorf("its private key %s is missing", s.keyFile))
	}
	return s.load(now)
}

// load serves what is on disk.
func (s *SelfSigned) load(now time.Time) error {
	key, err := s.readKey()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(s.file)
	if err != nil {
		return fmt.Errorf("self-signed certificate: %w", err)
	}
	p, err := parsePEM(data)
	switch {
	case err != nil:
		return s.damaged(fmt.Errorf("%s %w", s.file, err))
	case len(p.certs) != 1:
		return s.damaged(fmt.Errorf("%s should hold one certificate and holds %d", s.file, len(p.certs)))
	case !fits(key, p.certs[0]):
		return s.damaged(fmt.Errorf("%s and %s do not belong together", s.file, s.keyFile))
	}
	leaf := p.certs[0]
	if now.After(leaf.NotAfter) {
		return s.renew(now)
	}
	var warnings []string
	if now.Before(leaf.NotBefore) {
		// The clock may be wrong until the network is up. The sender goes by its own.
		warnings = append(warnings, fmt.Sprintf("the certificate is good from %s only: is this computer's clock right?", day(leaf.NotBefore)))
	}
	if err := checkName(leaf, s.domain); err != nil {
		warnings = append(warnings, fmt.Sprintf("the certificate was made before receiver.tls.domain was set and is not good for %s: %s", s.domain, s.toMakeAnew()))
	}
	s.serve(tlsCertificate(p.certs, key), warnings)
	return nil
}

// renew puts a certificate that has run out aside and makes another.
func (s *SelfSigned) renew(now time.Time) error {
	for _, file := range []string{s.file, s.keyFile} {
		// One that is gone already was put aside by an attempt that broke off.
		if err := os.Rename(file, file+".old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put the self-signed certificate that ran out aside: %w", err)
		}
	}
	key, err := s.makeKey()
	if err != nil {
		return err
	}
	return s.makeCertificate(key, now, []string{fmt.Sprintf(
		"the self-signed certificate ran out and was made anew on %s: give %s to Clearmatch, who refuse it until they trust it", day(now), s.file)})
}

func (s *SelfSigned) makeKey() (crypto.Signer, error) {
	key, data, err := newKey()
	if err != nil {
		return nil, err
	}
	if err := writeWhole(s.keyFile, data, 0o600); err != nil {
		return nil, fmt.Errorf("keep the key of the self-signed certificate: %w", err)
	}
	return key, nil
}

func (s *SelfSigned) makeCertificate(key crypto.Signer, now time.Time, warnings []string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "" // a computer without a name still has its addresses
	}
	cert, data, err := newSelfSigned(key, host, s.domain, now)
	if err != nil {
		return err
	}
	if err := writeWhole(s.file, data, 0o644); err != nil {
		return fmt.Errorf("keep the self-signed certificate: %w", err)
	}
	s.log.Info("self-signed certificate made", "file", s.file, "sha256", fingerprint(cert.Leaf), "until", day(cert.Leaf.NotAfter))
	s.serve(cert, warnings)
	return nil
}

func (s *SelfSigned) readKey() (crypto.Signer, error) {
	data, err := os.ReadFile(s.keyFile)
	if err != nil {
		return nil, fmt.Errorf("key of the self-signed certificate: %w", err)
	}
	p, err := parsePEM(data)
	if err != nil {
		return nil, s.damaged(fmt.Errorf("%s %w", s.keyFile, err))
	}
	if len(p.keys) != 1 {
		return nil, s.damaged(fmt.Errorf("%s holds no usable private key", s.keyFile))
	}
	if _, ok := p.keys[0].(*rsa.PrivateKey); !ok {
		return nil, s.damaged(fmt.Errorf("%s is not the RSA key that was made for it", s.keyFile))
	}
	return p.keys[0], nil
}

func (s *SelfSigned) damaged(why error) error {
	return fmt.Errorf("the self-signed certificate is damaged: %w; Clearmatch may trust exactly this one, so it is not replaced by itself: "+
		"put both files back from a backup, or %s", why, s.toMakeAnew())
}

func (s *SelfSigned) toMakeAnew() string {
	return fmt.Sprintf("delete %s and %s, start again, and give the new %s to Clearmatch",
		s.file, s.keyFile, filepath.Base(s.file))
}

// exists reports whether there is anything of that name, readable or not.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
