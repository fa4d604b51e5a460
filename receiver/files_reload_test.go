package receiver

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// certPipe makes a TLS connection in memory, for tests in which time passes.
func certPipe(t *testing.T, source CertificateSource) *x509.Certificate {
	t.Helper()
	a, b := net.Pipe()
	go certAnswer(tls.Server(a, TLSConfig(source)))
	got, err := certGreet(tls.Client(b, certAnyone()))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // Run has looked, if it was asked to
	return got.PeerCertificates[0]
}

// replace puts data in the place of a file the way careful programs do.
func replace(t *testing.T, path string, data []byte) {
	t.Helper()
	certWrite(t, path+".new", data)
	deadline := time.Now().Add(10 * time.Second)
	for err := os.Rename(path+".new", path); err != nil; err = os.Rename(path+".new", path) {
		// On Windows a file cannot be replaced while Run reads it.
		if runtime.GOOS != "windows" || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestNewPairIsServedWithoutARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newCertAuthority(t, "CA", nil)
		one, two := ca.leaf(t, certKey(), nil), ca.leaf(t, certOtherKey(), nil)
		set := certFiles(t, certPEM(one, ca.cert), certKeyPEM(t, certKey()))
		log := new(certLog)
		f, err := OpenCertificateFiles(set, log.logger())
		if err != nil {
			t.Fatal(err)
		}
		defer certRun(t, f)()
		serving := func(when string, want *x509.Certificate) {
			t.Helper()
			if !certPipe(t, f).Equal(want) {
				t.Errorf("%s: the wrong certificate", when)
			}
		}
		serving("at first", one)

		// The certificate is there already, its key is not.
		replace(t, set.Cert, certPEM(two, ca.cert))
		time.Sleep(lookEvery)
		serving("half replaced", one)
		serving("half replaced and looked at", one)
		if st := f.CertificateStatus(); !strings.Contains(st.Error, "does not belong") || !strings.Contains(st.Error, "earlier certificate is still being served") {
			t.Errorf("half replaced: error %q", st.Error)
		}
		for range 20 {
			time.Sleep(lookEvery)
			serving("half replaced for long", one)
		}
		if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
			t.Errorf("the error was logged %d times:\n%s", n, log)
		}

		replace(t, set.Key, certKeyPEM(t, certOtherKey()))
		time.Sleep(lookEvery)
		certPipe(t, f) // makes Run look, and may be shown either
		serving("replaced", two)
		if st := f.CertificateStatus(); st.Error != "" || st.SHA256 != fingerprint(two) {
			t.Errorf("replaced: status %+v", st)
		}
		if !strings.Contains(log.String(), "certificate replaced") {
			t.Errorf("nothing logged of it:\n%s", log)
		}
	})
}

func TestOldCertificateStaysWhateverTheNewOneIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newCertAuthority(t, "CA", nil)
		leaf := func(change func(*x509.Certificate)) []byte {
			return certPEM(ca.leaf(t, certKey(), change), ca.cert)
		}
		good := leaf(nil)
		set := certFiles(t, good, certKeyPEM(t, certKey()))
		set.Domain = "loans.example"
		f, err := OpenCertificateFiles(set, new(certLog).logger())
		if err != nil {
			t.Fatal(err)
		}
		defer certRun(t, f)()
		first := certPipe(t, f)
		for name, bad := range map[string][]byte{
			"garbage":       []byte("garbage"),
			"empty":         nil,
			"cut short":     good[:len(good)/2],
			"another name":  leaf(func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} }),
			"expired":       leaf(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = certDay(1990), certDay(1991) }),
			"not yet valid": leaf(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = certDay(2190), certDay(2191) }),
			"wrong order":   certPEM(ca.cert, first),
		} {
			replace(t, set.Cert, bad)
			for range 2 {
				time.Sleep(lookEvery)
				if !certPipe(t, f).Equal(first) {
					t.Errorf("%s: the old certificate is gone", name)
				}
			}
			if f.CertificateStatus().Error == "" {
				t.Errorf("%s: no error", name)
			}

			if err := os.Remove(set.Cert); err != nil {
				t.Fatal(err)
			}
			time.Sleep(lookEvery)
			if certPipe(t, f); !strings.Contains(f.CertificateStatus().Error, "there is no file") {
				t.Errorf("deleted: error %q", f.CertificateStatus().Error)
			}

			certWrite(t, set.Cert, good)
			time.Sleep(lookEvery)
			if certPipe(t, f); f.CertificateStatus().Error != "" {
				t.Errorf("after %s: did not recover: %s", name, f.CertificateStatus().Error)
			}
		}
	})
}

func TestNewPairIsFoundAlthoughNobodyConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newCertAuthority(t, "CA", nil)
		set := certFiles(t, certPEM(ca.leaf(t, certKey(), nil), ca.cert), certKeyPEM(t, certKey()))
		f, err := OpenCertificateFiles(set, new(certLog).logger())
		if err != nil {
			t.Fatal(err)
		}
		defer certRun(t, f)()
		two := ca.leaf(t, certKey(), nil)
		replace(t, set.Cert, certPEM(two, ca.cert))
		time.Sleep(lookAtLeast + time.Second)
		if !certPipe(t, f).Equal(two) {
			t.Error("the old certificate")
		}
	})
}

func TestCertificateThatRanOutWhileServedIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newCertAuthority(t, "CA", nil)
		leaf := ca.leaf(t, certKey(), func(c *x509.Certificate) { c.NotAfter = time.Now().Add(40 * 24 * time.Hour) })
		set := certFiles(t, certPEM(leaf, ca.cert), certKeyPEM(t, certKey()))
		log := new(certLog)
		f, err := OpenCertificateFiles(set, log.logger())
		if err != nil {
			t.Fatal(err)
		}
		defer certRun(t, f)()
		time.Sleep(41 * 24 * time.Hour)
		synctest.Wait()
		if st := f.CertificateStatus(); !strings.Contains(st.Error, "ran out on") {
			t.Errorf("status %+v", st)
		}
		if warned, failed := strings.Count(log.String(), "level=WARN"), strings.Count(log.String(), "level=ERROR"); warned < 9 || warned > 11 || failed != 1 {
			t.Errorf("%d warnings and %d errors logged, want one a day and one", warned, failed)
		}
	})
}

// Handshakes by the dozen while the pair is replaced over and over: none
// fails, each is shown one of the two, and in the end the last one.
func TestReloadUnderHandshakes(t *testing.T) {
	defer goleak.VerifyNone(t)
	ca := newCertAuthority(t, "CA", nil)
	leaves := []*x509.Certificate{ca.leaf(t, certKey(), nil), ca.leaf(t, certOtherKey(), nil)}
	keys := [][]byte{certKeyPEM(t, certKey()), certKeyPEM(t, certOtherKey())}
	set := certFiles(t, certPEM(leaves[0], ca.cert), keys[0])
	f, err := OpenCertificateFiles(set, new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	f.every = time.Millisecond
	defer certRun(t, f)()
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	shake := func() *x509.Certificate {
		got, err := certShake(t, f, &tls.Config{RootCAs: roots, ServerName: "loans.example"})
		if err != nil {
			t.Error(err)
			return nil
		}
		return got.PeerCertificates[0]
	}

	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for range 30 {
				shake()
				f.CertificateStatus()
			}
		})
	}
	finished := make(chan struct{})
	go func() { senders.Wait(); close(finished) }()
	last := 0
	for running := true; running; {
		select {
		case <-finished:
			running = false
		default:
			last = 1 - last
			replace(t, set.Cert, certPEM(leaves[last], ca.cert))
			replace(t, set.Key, keys[last])
			shake()
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for shown := shake(); !leaves[last].Equal(shown); shown = shake() {
		if time.Now().After(deadline) {
			t.Fatalf("still not the last certificate: %s", f.CertificateStatus().Error)
		}
	}
}

func TestUntouchedFilesAreNotReadAgain(t *testing.T) {
	leaf := newCertAuthority(t, "CA", nil).leaf(t, certKey(), nil)
	set := certFiles(t, certPEM(leaf), certKeyPEM(t, certKey()))
	age := func(by time.Duration) {
		t.Helper()
		for _, path := range []string{set.Cert, set.Key} {
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(-by).Truncate(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	age(48 * time.Hour)
	f, err := OpenCertificateFiles(set, new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	// Other content of the same size and age can only be found by reading.
	data, err := os.ReadFile(set.Cert)
	if err != nil {
		t.Fatal(err)
	}
	certWrite(t, set.Cert, []byte(strings.Repeat("#", len(data))))
	age(48 * time.Hour)
	f.look(time.Now())
	if err := f.CertificateStatus().Error; err != "" {
		t.Errorf("was read: %s", err)
	}
	age(24 * time.Hour)
	f.look(time.Now())
	if f.CertificateStatus().Error == "" {
		t.Error("a change was not noticed")
	}
}

// A file written twice within the clock's step looks the same both times.
func TestFilesWrittenAMomentAgoAreReadAgain(t *testing.T) {
	ca := newCertAuthority(t, "CA", nil)
	set := certFiles(t, certPEM(ca.leaf(t, certKey(), nil)), certKeyPEM(t, certKey()))
	f, err := OpenCertificateFiles(set, new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(set.Cert)
	if err != nil {
		t.Fatal(err)
	}
	certWrite(t, set.Cert, []byte(strings.Repeat("#", int(info.Size()))))
	if err := os.Chtimes(set.Cert, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	f.look(time.Now())
	if f.CertificateStatus().Error == "" {
		t.Error("the change was not noticed")
	}
}

// What is wrong with a pair may pass although nobody touches the files.
func TestRefusedPairIsTriedAgainUntouched(t *testing.T) {
	ca := newCertAuthority(t, "CA", nil)
	set := certFiles(t, certPEM(ca.leaf(t, certKey(), nil), ca.cert), certKeyPEM(t, certKey()))
	f, err := OpenCertificateFiles(set, new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	tomorrow := time.Now().Add(24 * time.Hour)
	next := ca.leaf(t, certKey(), func(c *x509.Certificate) { c.NotBefore = tomorrow })
	certWrite(t, set.Cert, certPEM(next, ca.cert))
	for _, path := range []string{set.Cert, set.Key} {
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	f.look(time.Now())
	if f.CertificateStatus().Error == "" {
		t.Error("served before its time")
	}
	f.look(tomorrow.Add(time.Minute))
	if st := f.CertificateStatus(); st.Error != "" || st.SHA256 != fingerprint(next) {
		t.Errorf("status %+v", st)
	}
}

func TestLinkedFilesAreFollowed(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // making links is a privilege there, and certbot does not
	}
	// As certbot keeps them: live/cert.pem is a link to archive/cert1.pem.
	ca := newCertAuthority(t, "CA", nil)
	set := certFiles(t, certPEM(ca.leaf(t, certKey(), nil), ca.cert), certKeyPEM(t, certKey()))
	live := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.Symlink(set.Cert, live); err != nil {
		t.Fatal(err)
	}
	linked := set
	linked.Cert = live
	f, err := OpenCertificateFiles(linked, new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	two := ca.leaf(t, certKey(), nil)
	archived := certWrite(t, set.Cert+"2", certPEM(two, ca.cert))
	if err := os.Remove(live); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(archived, live); err != nil {
		t.Fatal(err)
	}
	f.look(time.Now())
	if st := f.CertificateStatus(); st.Error != "" || st.SHA256 != fingerprint(two) {
		t.Errorf("status %+v", st)
	}
}
