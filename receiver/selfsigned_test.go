package receiver

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func selfSignedFiles(dir string) (cert, key string) {
	return filepath.Join(dir, "self-signed.crt"), filepath.Join(dir, "self-signed.key")
}

// openSelfSigned opens what is in dir. A key already there saves making one.
func openSelfSigned(t *testing.T, dir, domain string) *SelfSigned {
	t.Helper()
	if _, key := selfSignedFiles(dir); !exists(key) {
		certWrite(t, key, certKeyPEM(t, certKey()))
	}
	s, err := OpenSelfSigned(dir, domain, new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFirstStartMakesASelfSignedCertificate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "certs")
	s, err := OpenSelfSigned(dir, "loans.example", new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := selfSignedFiles(dir)

	leaf := s.cert.Load().Leaf
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "loans.example", host} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if key, ok := leaf.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() != 2048 {
		t.Errorf("public key %T, want RSA of 2048 bits", leaf.PublicKey)
	}
	if leaf.IsCA {
		t.Error("the certificate can vouch for others")
	}
	if life := time.Until(leaf.NotAfter); life < 10*364*24*time.Hour || leaf.NotBefore.After(time.Now().Add(-23*time.Hour)) {
		t.Errorf("good from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{certFile: 0o644, keyFile: 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: mode %v, %v; want %v", path, info.Mode(), err, want)
			}
		}
	}
	if st := s.CertificateStatus(); st.Mode != "self-signed" || st.File != certFile || st.Error != "" || len(st.Warnings) != 0 {
		t.Errorf("status %+v", st)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 2 {
		t.Errorf("left in the folder: %q", names)
	}
}

func TestSelfSignedCertificateIsUsedAgain(t *testing.T) {
	dir := t.TempDir()
	first := openSelfSigned(t, dir, "")
	again := openSelfSigned(t, dir, "")
	if a, b := first.CertificateStatus().SHA256, again.CertificateStatus().SHA256; a != b {
		t.Errorf("fingerprint %s, then %s", a, b)
	}
}

func TestSelfSignedCertificateIsItsOwnAnchor(t *testing.T) {
	s := openSelfSigned(t, t.TempDir(), "loans.example")
	data, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		t.Fatalf("no certificate in %s", s.file)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "loans.example"} {
		if _, err := certShake(t, s, &tls.Config{RootCAs: roots, ServerName: name}); err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
	if _, err := certShake(t, s, &tls.Config{RootCAs: roots, ServerName: "other.example"}); err == nil {
		t.Error("taken for other.example too")
	}
}

// tool returns where a program of the system is. A partner's machine may lack
// it, and then there is nothing to show; the one that checks changes may not.
func tool(t *testing.T, name string) (path string, ok bool) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatalf("%v: .ci/install brings it", err)
	}
	return path, err == nil
}

func TestCurlTrustsTheSelfSignedCertificate(t *testing.T) {
	curl, ok := tool(t, "curl")
	if !ok {
		return
	}
	s := openSelfSigned(t, t.TempDir(), "")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(tls.NewListener(l, TLSConfig(s))) }()
	defer func() { server.Close(); <-done }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}

	// An anchor of the same name, as an earlier life leaves one in the sender's store.
	both := certWrite(t, filepath.Join(t.TempDir(), "both.crt"), append(selfSignedOther(t), selfSignedBytes(t, s)...))
	for _, anchor := range []string{s.file, both} {
		for _, host := range []string{"localhost", "127.0.0.1"} {
			out, err := exec.Command(curl, "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", anchor, "https://"+net.JoinHostPort(host, port)).CombinedOutput()
			if err != nil || string(out) != "HTTP/1.1" {
				t.Errorf("curl to %s: %s, %v", host, out, err)
			}
		}
	}
}

func selfSignedBytes(t *testing.T, s *SelfSigned) []byte {
	t.Helper()
	data, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// selfSignedOther returns a certificate for the same names with another key.
func selfSignedOther(t *testing.T) []byte {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	_, data, err := newSelfSigned(certOtherKey(), host, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpensslFindsNoFaultWithTheSelfSignedCertificate(t *testing.T) {
	openssl, ok := tool(t, "openssl")
	if !ok {
		return
	}
	s := openSelfSigned(t, t.TempDir(), "")
	for _, strict := range [][]string{nil, {"-x509_strict"}, {"-partial_chain"}} {
		args := append([]string{"verify", "-purpose", "sslserver", "-verify_hostname", "localhost", "-CAfile", s.file}, strict...)
		if out, err := exec.Command(openssl, append(args, s.file)...).CombinedOutput(); err != nil {
			t.Errorf("openssl %q: %s, %v", args, out, err)
		}
	}
}

func TestDamagedSelfSignedCertificateIsNotReplaced(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, cert, key string){
		"certificate is garbage": func(t *testing.T, cert, key string) { certWrite(t, cert, []byte("garbage")) },
		"certificate is empty":   func(t *testing.T, cert, key string) { certWrite(t, cert, nil) },
		"certificate is cut short": func(t *testing.T, cert, key string) {
			data, err := os.ReadFile(cert)
			if err != nil {
				t.Fatal(err)
			}
			certWrite(t, cert, data[:len(data)/2])
		},
		"key is garbage":   func(t *testing.T, cert, key string) { certWrite(t, key, []byte("garbage")) },
		"key is another's": func(t *testing.T, cert, key string) { certWrite(t, key, certKeyPEM(t, certOtherKey())) },
		"key is of no use": func(t *testing.T, cert, key string) { certWrite(t, key, certKeyPEM(t, certNewECDSA(t))) },
		"key is missing":   func(t *testing.T, cert, key string) { os.Remove(key) },
		"certificate is two": func(t *testing.T, cert, key string) {
			certWrite(t, cert, append(selfSignedOther(t), selfSignedOther(t)...))
		},
		"certificate is none": func(t *testing.T, cert, key string) { certWrite(t, cert, certKeyPEM(t, certKey())) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			openSelfSigned(t, dir, "")
			cert, key := selfSignedFiles(dir)
			damage(t, cert, key)
			before, _ := os.ReadFile(cert)
			_, err := OpenSelfSigned(dir, "", new(certLog).logger())
			if err == nil {
				t.Fatal("opened")
			}
			for _, part := range []string{"damaged", "backup", "delete", cert, key, "Clearmatch"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not mention %q", err, part)
				}
			}
			if after, _ := os.ReadFile(cert); !bytes.Equal(before, after) {
				t.Error("the certificate was replaced")
			}
		})
	}
}

func TestInterruptedFirstStartIsFinished(t *testing.T) {
	dir := t.TempDir()
	openSelfSigned(t, dir, "")
	cert, key := selfSignedFiles(dir)
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	certWrite(t, cert+".tmp", []byte("-----BEGIN CERT"))
	if _, err := certShake(t, openSelfSigned(t, dir, ""), certAnyone()); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(key); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the key changed: %v", err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 2 {
		t.Errorf("left in the folder: %q", names)
	}
}

// selfSignedPair writes a pair into dir that was made at the given time.
func selfSignedPair(t *testing.T, dir string, made time.Time) {
	t.Helper()
	cert, key := selfSignedFiles(dir)
	_, data, err := newSelfSigned(certKey(), "office", "", made)
	if err != nil {
		t.Fatal(err)
	}
	certWrite(t, cert, data)
	certWrite(t, key, certKeyPEM(t, certKey()))
}

func TestExpiredSelfSignedCertificateIsMadeAnewWithAWarning(t *testing.T) {
	dir := t.TempDir()
	selfSignedPair(t, dir, time.Now().AddDate(-11, 0, 0))
	log := new(certLog)
	s, err := OpenSelfSigned(dir, "", log.logger())
	if err != nil {
		t.Fatal(err)
	}
	if leaf := s.cert.Load().Leaf; time.Now().After(leaf.NotAfter) {
		t.Errorf("still serves one that ran out on %v", leaf.NotAfter)
	}
	st := s.CertificateStatus()
	if len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], "give "+st.File+" to Clearmatch") {
		t.Errorf("warnings %q", st.Warnings)
	}
	cert, key := selfSignedFiles(dir)
	for _, file := range []string{cert, key, cert + ".old", key + ".old"} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
}

func TestSelfSignedCertificateThatRunsOutWhileRunningIsMadeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		log := new(certLog)
		s, err := OpenSelfSigned(dir, "", log.logger())
		if err != nil {
			t.Fatal(err)
		}
		first := s.CertificateStatus()
		stop := certRun(t, s)
		defer stop()
		time.Sleep(time.Until(first.NotAfter.Add(-20 * 24 * time.Hour)))
		synctest.Wait()
		if w := s.CertificateStatus().Warnings; len(w) != 1 || !strings.Contains(w[0], "runs out in") {
			t.Errorf("20 days before: warnings %q", w)
		}
		if n := strings.Count(log.String(), "level=WARN"); n < 9 || n > 11 {
			t.Errorf("%d warnings in 10 days, want one a day:\n%s", n, log)
		}
		time.Sleep(22 * 24 * time.Hour)
		synctest.Wait()
		if st := s.CertificateStatus(); st.SHA256 == first.SHA256 || st.Error != "" {
			t.Errorf("after it ran out: %+v", st)
		}
		if !strings.Contains(log.String(), "was made anew on") {
			t.Errorf("nobody was told:\n%s", log)
		}
	})
}

func TestSelfSignedCertificateOfTomorrowIsServedWithAWarning(t *testing.T) {
	dir := t.TempDir()
	selfSignedPair(t, dir, time.Now().Add(72*time.Hour))
	s := openSelfSigned(t, dir, "")
	if w := s.CertificateStatus().Warnings; len(w) != 1 || !strings.Contains(w[0], "clock") {
		t.Errorf("warnings %q", w)
	}
}

func TestDomainSetLaterIsWarnedOfAndNothingReplaced(t *testing.T) {
	dir := t.TempDir()
	first := openSelfSigned(t, dir, "").CertificateStatus()
	st := openSelfSigned(t, dir, "loans.example").CertificateStatus()
	if st.SHA256 != first.SHA256 {
		t.Error("the certificate was replaced")
	}
	if len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], "loans.example") || !strings.Contains(st.Warnings[0], "delete") {
		t.Errorf("warnings %q", st.Warnings)
	}
}

func TestOddNamesInSelfSignedCertificates(t *testing.T) {
	for _, tt := range []struct {
		host, domain string
		names        string // beyond localhost; "-": an error
	}{
		{"", "", ""},
		{"OFFICE_PC", "", "office_pc"},
		{"büro-pc", "", ""},
		{"", "loans.example.", "loans.example"},
		{"loans.example", "Loans.Example", "loans.example"},
		{"pc", "192.0.2.7", "pc 192.0.2.7"},
		{"", "müller.example", "-"},
		{"", "loans.example:8443", "-"},
		{"", "https://loans.example", "-"},
		{strings.Repeat("a", 64), "", ""},
		{strings.Repeat("abcdefgh.", 20) + "example", "", strings.Repeat("abcdefgh.", 20) + "example"},
	} {
		cert, _, err := newSelfSigned(certKey(), tt.host, tt.domain, time.Now())
		if (err != nil) != (tt.names == "-") {
			t.Errorf("host %q, domain %q: %v", tt.host, tt.domain, err)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "receiver.tls.domain: ") {
				t.Errorf("domain %q: %v", tt.domain, err)
			}
			continue
		}
		names := slices.DeleteFunc(certificateNames(cert.Leaf), func(n string) bool { return n == "localhost" || n == "127.0.0.1" || n == "::1" })
		if got := strings.Join(names, " "); got != tt.names {
			t.Errorf("host %q, domain %q: names %q, want %q", tt.host, tt.domain, got, tt.names)
		}
		if cn := cert.Leaf.Subject.CommonName; cn == "" || len(cn) > 64 {
			t.Errorf("host %q: common name %q", tt.host, cn)
		}
	}
}

func TestSourcesStopWhenTold(t *testing.T) {
	defer goleak.VerifyNone(t)
	set := certFiles(t, certPEM(newCertAuthority(t, "CA", nil).leaf(t, certKey(), nil)), certKeyPEM(t, certKey()))
	f, err := OpenCertificateFiles(set, new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	certRun(t, f)()
	certRun(t, openSelfSigned(t, t.TempDir(), ""))()
}

func TestFolderThatCannotBeMadeIsToldOf(t *testing.T) {
	file := certWrite(t, filepath.Join(t.TempDir(), "file"), nil)
	_, err := OpenSelfSigned(filepath.Join(file, "certs"), "", new(certLog).logger())
	var path *os.PathError
	if !errors.As(err, &path) || !strings.HasPrefix(err.Error(), "folder for certificates: ") {
		t.Errorf("error %v", err)
	}
}

func TestTitleOfACertificateWithoutACommonName(t *testing.T) {
	for _, tt := range []struct {
		c    x509.Certificate
		want string
	}{
		{x509.Certificate{Subject: pkix.Name{CommonName: "cn"}, DNSNames: []string{"dns"}}, "cn"},
		{x509.Certificate{DNSNames: []string{"dns"}}, "dns"},
		{x509.Certificate{Subject: pkix.Name{Organization: []string{"org"}}}, "org"},
		{x509.Certificate{}, "without a name"},
	} {
		if got := subject(&tt.c); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
