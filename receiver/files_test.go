package receiver

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"software.sslmate.com/src/go-pkcs12"
)

func TestPairsAreServedInWhateverFormTheyCome(t *testing.T) {
	root := newCertAuthority(t, "Root", nil)
	ca := newCertAuthority(t, "Intermediate", root)
	leaf := ca.leaf(t, certKey(), nil)
	cert, key := certPEM(leaf, ca.cert), certKeyPEM(t, certKey())
	crlf := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }
	bom := func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) }
	wide := func(b []byte) []byte {
		out := []byte("\xff\xfe")
		for _, u := range utf16.Encode([]rune(string(b))) {
			out = append(out, byte(u), byte(u>>8))
		}
		return out
	}
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(certKey())})
	chatty := append([]byte("Bag Attributes\n    friendlyName: loans\nsubject=CN = loans.example\n"), cert...)

	for _, tt := range []struct {
		name      string
		cert, key []byte // key nil: all in one file
	}{
		{"PEM pair", cert, key},
		{"key of PKCS #1", cert, pkcs1},
		{"Windows line ends", crlf(cert), crlf(key)},
		{"saved with Notepad", bom(crlf(cert)), bom(crlf(key))},
		{"saved with PowerShell", wide(crlf(cert)), wide(crlf(key))},
		{"one file, certificate first", slices.Concat(cert, key), nil},
		{"one file, key first", slices.Concat(key, cert), nil},
		{"as openssl pkcs12 prints it", slices.Concat(chatty, key), nil},
		{"several keys", cert, slices.Concat(certKeyPEM(t, certOtherKey()), key)},
		{"root included", certPEM(leaf, ca.cert, root.cert), key},
		{"key file with the certificate in it", cert, slices.Concat(key, cert)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := certFiles(t, tt.cert, tt.key)
			if tt.key == nil {
				set.Key = ""
			}
			set.Domain = "loans.example"
			serves(t, set, root, leaf)
		})
	}
	t.Run("the same file named twice", func(t *testing.T) {
		set := certFiles(t, slices.Concat(cert, key), nil)
		set.Key = set.Cert
		serves(t, set, root, leaf)
	})
}

// serves fails the test unless the files of set serve leaf with a chain that
// leads a stranger to root.
func serves(t *testing.T, set FilesSettings, root *certAuthority, leaf *x509.Certificate) {
	t.Helper()
	f, err := OpenCertificateFiles(set, new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root.cert)
	got, err := certShake(t, f, &tls.Config{RootCAs: roots, ServerName: "loans.example"})
	if err != nil {
		t.Fatal(err)
	}
	if !got.PeerCertificates[0].Equal(leaf) {
		t.Errorf("another certificate: %v", got.PeerCertificates[0].Subject)
	}
	if w := f.CertificateStatus().Warnings; len(w) != 0 {
		t.Errorf("warnings %q", w)
	}
}

func TestPFXIsServedHoweverItWasExported(t *testing.T) {
	root := newCertAuthority(t, "Root", nil)
	ca := newCertAuthority(t, "Intermediate", root)
	leaf := ca.leaf(t, certKey(), nil)
	for name, encoder := range map[string]*pkcs12.Encoder{
		"Modern2023": pkcs12.Modern2023,
		"Modern2026": pkcs12.Modern2026,
		"LegacyDES":  pkcs12.LegacyDES,
		"LegacyRC2":  pkcs12.LegacyRC2,
	} {
		for _, password := range []string{"", "päss wörd"} {
			for order, certs := range map[string][]*x509.Certificate{
				"leaf first": {leaf, ca.cert, root.cert},
				"root first": {root.cert, ca.cert, leaf},
			} {
				t.Run(fmt.Sprintf("%s, password %q, %s", name, password, order), func(t *testing.T) {
					data, err := encoder.Encode(certKey(), certs[0], certs[1:], password)
					if err != nil {
						t.Fatal(err)
					}
					path := certWrite(t, filepath.Join(t.TempDir(), "loans.pfx"), data)
					serves(t, FilesSettings{Cert: path, Password: password, Domain: "loans.example"}, root, leaf)
				})
			}
		}
	}
}

func TestFaultsAreToldWithSettingFileAndWhatToDo(t *testing.T) {
	root := newCertAuthority(t, "Root", nil)
	ca := newCertAuthority(t, "Intermediate", root)
	good := ca.leaf(t, certKey(), nil)
	key := certKeyPEM(t, certKey())
	leaf := func(change func(*x509.Certificate)) []byte {
		return certPEM(ca.leaf(t, certKey(), change), ca.cert)
	}
	pfx := func(key crypto.Signer, cert *x509.Certificate, password string) []byte {
		data, err := pkcs12.Modern.Encode(key, cert, []*x509.Certificate{ca.cert}, password)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	trust, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{good}, "")
	if err != nil {
		t.Fatal(err)
	}
	chain := certPEM(good, ca.cert)
	locked := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("sealed")})
	lockedOld := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte("sealed"),
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}})
	request := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte("please")})
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good.Raw[:100]})
	brokenKey := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("no key")})
	block, _ := pem.Decode(key)

	const inCert, inKey, inPassword = "receiver.tls.cert: ", "receiver.tls.key: ", "receiver.tls.password: "
	for _, tt := range []struct {
		name      string
		cert, key []byte // key nil: the setting is empty
		setting   string
		parts     []string
	}{
		{"another key", chain, certKeyPEM(t, certOtherKey()), inCert, []string{"does not belong to the certificate of loans.example"}},
		{"intermediate before leaf", certPEM(ca.cert, good), key, inCert, []string{"wrong order", "loans.example stands at place 2 and must come first"}},
		{"root before intermediate", certPEM(good, root.cert, ca.cert), key, inCert, []string{"wrong order", "after the certificate of loans.example", "Intermediate, which stands at place 3 instead of 2"}},
		{"a stranger in the chain", certPEM(good, newCertAuthority(t, "Stranger", nil).cert), key, inCert, []string{"does not hold together", "Stranger", "remove it"}},
		{"a namesake in the chain", certPEM(good, newCertAuthority(t, "Intermediate", nil).cert), key, inCert, []string{"does not hold together"}},
		{"leaf twice", certPEM(good, good, ca.cert), key, inCert, []string{"twice"}},
		{"another name", leaf(func(c *x509.Certificate) { c.DNSNames = []string{"www.loans.example", "mail.example"} }), key, inCert,
			[]string{"is for www.loans.example, mail.example and not for loans.example", "receiver.tls.domain"}},
		{"no name", leaf(func(c *x509.Certificate) { c.DNSNames = nil }), key, inCert, []string{"is for no host name at all"}},
		{"expired", leaf(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = certDay(2020), certDay(2021) }), key, inCert, []string{"ran out on 2 January 2021", "current one"}},
		{"not yet valid", leaf(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = certDay(2190), certDay(2191) }), key, inCert, []string{"good from 2 January 2190", "clock"}},
		{"for a client", leaf(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), key, inCert, []string{"not meant for a server"}},
		{"garbage", []byte("garbage"), key, inCert, []string{"is not a PEM file"}},
		{"binary garbage", []byte("\x30\x82garbage"), key, inCert, []string{"cannot be read as a PFX file"}},
		{"empty", nil, key, inCert, []string{"is empty"}},
		{"cut short", chain[:len(chain)-40], key, inCert, []string{"damaged or cut short"}},
		{"damaged inside", broken, key, inCert, []string{"damaged", "certificate 1"}},
		{"a request", request, key, inCert, []string{"request for a certificate"}},
		{"PKCS #7", bytes.ReplaceAll(request, []byte("CERTIFICATE REQUEST"), []byte("PKCS7")), key, inCert, []string{"openssl pkcs7"}},
		{"exchanged", key, chain, inCert, []string{"only a private key"}},
		{"other PEM", bytes.ReplaceAll(request, []byte("CERTIFICATE REQUEST"), []byte("X509 CRL")), key, inCert, []string{"holds no certificate"}},
		{"too large", bytes.Repeat([]byte("#"), maxFile+1), key, inCert, []string{"too large"}},
		{"no key given", chain, nil, inKey, []string{"give the file with the private key"}},
		{"key locked", chain, locked, inKey, []string{"passphrase", "openssl pkey", "PFX"}},
		{"key locked the old way", chain, lockedOld, inKey, []string{"passphrase", "openssl pkey", "PFX"}},
		{"key damaged", chain, brokenKey, inKey, []string{"damaged"}},
		{"key garbage", chain, []byte("garbage"), inKey, []string{"is not a PEM file"}},
		{"key missing in its file", chain, chain, inKey, []string{"holds no private key"}},
		{"key in binary", chain, block.Bytes, inKey, []string{"is binary"}},
		{"PFX without its password", pfx(certKey(), good, "secret"), nil, inPassword, []string{"protected by a password"}},
		{"PFX of another key", pfx(certOtherKey(), good, ""), nil, inCert, []string{"belongs to none of its certificates"}},
		{"PFX without a key", trust, nil, inCert, []string{"without a private key"}},
		{"certificate in binary", good.Raw, nil, inCert, []string{"loans.example alone", "PFX"}},
		{"PFX of another name", pfx(certKey(), ca.leaf(t, certKey(), func(c *x509.Certificate) { c.DNSNames = []string{"mail.example"} }), ""), nil, inCert, []string{"is for mail.example and not for loans.example"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := certFiles(t, tt.cert, tt.key)
			file := set.Cert
			if tt.key == nil {
				set.Key = ""
			} else if tt.setting == inKey {
				file = set.Key
			}
			set.Domain = "loans.example"
			faulty(t, set, tt.setting, append(tt.parts, file))
		})
	}

	set := certFiles(t, pfx(certKey(), good, "secret"), nil)
	set.Password = "guess"
	faulty(t, set, inPassword, []string{"does not open the PFX file " + set.Cert})

	set = certFiles(t, chain, key)
	gone := set
	gone.Cert += ".gone"
	faulty(t, gone, inCert, []string{"there is no file " + gone.Cert})
	gone = set
	gone.Key += ".gone"
	faulty(t, gone, inKey, []string{"there is no file " + gone.Key})
	folder := set
	folder.Cert = filepath.Dir(set.Cert)
	faulty(t, folder, inCert, []string{folder.Cert})
	faulty(t, FilesSettings{}, inCert, []string{"give the file"})
}

// certDay returns a day well inside the given year.
func certDay(year int) time.Time { return time.Date(year, 1, 2, 12, 0, 0, 0, time.UTC) }

func faulty(t *testing.T, set FilesSettings, setting string, parts []string) {
	t.Helper()
	_, err := OpenCertificateFiles(set, new(certLog).logger())
	if err == nil {
		t.Fatal("opened")
	}
	if !strings.HasPrefix(err.Error(), setting) {
		t.Errorf("%q does not begin with %q", err, setting)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if set.Password != "" && strings.Contains(err.Error(), set.Password) {
		t.Errorf("%q gives the password away", err)
	}
}

func TestSeveralFaultsAreToldAtOnce(t *testing.T) {
	leaf := newCertAuthority(t, "CA", nil).leaf(t, certKey(), func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = certDay(2020), certDay(2021)
	})
	set := certFiles(t, certPEM(leaf), certKeyPEM(t, certKey()))
	set.Domain = "other.example"
	faulty(t, set, "receiver.tls.cert: ", []string{"not for other.example", "ran out"})
}

func TestWhatKeepsSomeSendersOutIsAWarning(t *testing.T) {
	root := newCertAuthority(t, "Root", nil)
	ca := newCertAuthority(t, "Intermediate", root)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecKey := certNewECDSA(t)
	ran := *ca.cert
	ran.NotBefore, ran.NotAfter = certDay(2020), certDay(2021)
	lapsed := certSign(t, &ran, root, ca.key)
	soon := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, 10)
	}
	for _, tt := range []struct {
		name  string
		key   crypto.Signer
		certs []*x509.Certificate
		want  string
	}{
		{"no intermediate", certKey(), []*x509.Certificate{ca.leaf(t, certKey(), nil)}, "Intermediate"},
		{"ECDSA", ecKey, []*x509.Certificate{ca.leaf(t, ecKey, nil), ca.cert}, "ECDSA"},
		{"Ed25519", edKey, []*x509.Certificate{ca.leaf(t, edKey, nil), ca.cert}, "Windows"},
		{"intermediate expired", certKey(), []*x509.Certificate{ca.leaf(t, certKey(), nil), lapsed}, "2 January 2021"},
		{"no name", certKey(), []*x509.Certificate{ca.leaf(t, certKey(), func(c *x509.Certificate) { c.DNSNames = nil }), ca.cert}, "alternative names"},
		{"running out", certKey(), []*x509.Certificate{ca.leaf(t, certKey(), soon), ca.cert}, "runs out in 9 days"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := OpenCertificateFiles(certFiles(t, certPEM(tt.certs...), certKeyPEM(t, tt.key)), new(certLog).logger())
			if err != nil {
				t.Fatal(err)
			}
			if w := f.CertificateStatus().Warnings; len(w) != 1 || !strings.Contains(w[0], tt.want) {
				t.Errorf("warnings %q, want one with %q", w, tt.want)
			}
			if _, err := certShake(t, f, certAnyone()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOwnSelfSignedPairNeedsNoIntermediate(t *testing.T) {
	cert, data, err := newSelfSigned(certKey(), "", "loans.example", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f, err := OpenCertificateFiles(certFiles(t, data, certKeyPEM(t, certKey())), new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	if st := f.CertificateStatus(); len(st.Warnings) != 0 || st.SHA256 != fingerprint(cert.Leaf) {
		t.Errorf("status %+v", st)
	}
}

func TestLogDoesNotRepeatItself(t *testing.T) {
	leaf := newCertAuthority(t, "CA", nil).leaf(t, certKey(), nil)
	log := new(certLog)
	f, err := OpenCertificateFiles(certFiles(t, certPEM(leaf), certKeyPEM(t, certKey())), log.logger())
	if err != nil {
		t.Fatal(err)
	}
	lines := func() int { return strings.Count(log.String(), "certificate needs attention") }
	f.tell()
	f.tell()
	if n := lines(); n != 1 {
		t.Errorf("the warning was logged %d times:\n%s", n, log)
	}
	if err := os.Remove(f.set.Key); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		f.look(time.Now())
		f.tell()
	}
	if n := lines(); n != 2 {
		t.Errorf("with an error %d lines, want 2:\n%s", n, log)
	}
}
