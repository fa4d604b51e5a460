package receiver

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/acme"
)

// openAutocert opens a source for ppm.example that orders from ca. A key already
// there saves making one.
func openAutocert(t *testing.T, dir string, ca *testAuthority, change func(*AutocertSettings)) (*Autocert, *certLog) {
	t.Helper()
	if _, key := selfSignedFiles(dir); !exists(key) {
		certWrite(t, key, certKeyPEM(t, certKey()))
	}
	set := AutocertSettings{Folder: dir, Domain: "ppm.example", Directory: authorityURL + "/dir",
		Root: certWrite(t, filepath.Join(t.TempDir(), "root.pem"), certPEM(ca.ca.cert))}
	if change != nil {
		change(&set)
	}
	log := new(certLog)
	a, err := OpenAutocert(set, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	a.talk = func() (http.RoundTripper, error) { return ca, nil }
	ca.change(func() { ca.source = a })
	return a, log
}

// onlyECDSA saves making RSA keys where they change nothing.
func onlyECDSA(a *Autocert) *Autocert {
	a.kinds = a.kinds[:1]
	return a
}

const day24 = 24 * time.Hour

func TestCertificatesOfBothKindsAreIssuedAndServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newTestAuthority(t, 90*day24)
		a, log := openAutocert(t, t.TempDir(), ca, nil)
		if st := a.CertificateStatus(); st.Issuance.Shown != "self-signed" || st.Alarm || len(st.Warnings) != 1 || st.Error != "" {
			t.Errorf("before: %+v, %+v", st, st.Issuance)
		}
		stop := certRun(t, a)
		defer stop()
		time.Sleep(time.Minute)

		st := a.CertificateStatus()
		if st.Mode != "autocert" || st.Issuance.Shown != "issued" || st.Issuer != "Test CA" || st.Alarm || st.Error != "" || len(st.Warnings) > 0 ||
			!exists(st.File) || strings.Join(st.Names, " ") != "ppm.example" {
			t.Errorf("status %+v, %+v\n%s", st, st.Issuance, log)
		}
		if n := len(ca.ordered()); n != 2 {
			t.Errorf("%d orders, want one for each kind of key", n)
		}
		for _, tt := range []struct {
			client *tls.Config
			rsa    bool
		}{
			{&tls.Config{ServerName: "ppm.example"}, false},
			{&tls.Config{ServerName: "PPM.Example"}, false},
			{&tls.Config{ServerName: "somebody.example"}, false},
			{&tls.Config{}, false},
			{&tls.Config{ServerName: "ppm.example", MaxVersion: tls.VersionTLS12}, false},
			{&tls.Config{ServerName: "ppm.example", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}}, true},
			{&tls.Config{ServerName: "ppm.example", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}, true},
			{&tls.Config{ServerName: "somebody.example", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}}, true},
		} {
			leaf, err := a.shake(tt.client)
			if err != nil {
				t.Errorf("%+v: %v", tt.client.CipherSuites, err)
				continue
			}
			_, isRSA := leaf.PublicKey.(*rsa.PublicKey)
			_, isECDSA := leaf.PublicKey.(*ecdsa.PublicKey)
			if err := leaf.VerifyHostname("ppm.example"); err != nil || isRSA != tt.rsa || isECDSA == tt.rsa || leaf.Issuer.CommonName != "Test CA" {
				t.Errorf("%q %v: shown %T of %s, %v", tt.client.ServerName, tt.client.CipherSuites, leaf.PublicKey, leaf.Issuer, err)
			}
		}
	})
}

func TestCertificatesAreOrderedAnewAtHalfTheirLife(t *testing.T) {
	for _, life := range []time.Duration{90 * day24, 64 * day24, 45 * day24, 6 * day24, 20 * time.Second} {
		t.Run(life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca := newTestAuthority(t, life)
				a, _ := openAutocert(t, t.TempDir(), ca, nil)
				stop := certRun(t, onlyECDSA(a))
				defer stop()
				begun := time.Now()
				for time.Since(begun) < life*9/4 {
					time.Sleep(life / 20)
					if st := a.CertificateStatus(); st.Alarm || st.Error != "" || st.Issuance.Shown != "issued" {
						t.Fatalf("after %v: %+v, %+v", time.Since(begun), st, st.Issuance)
					}
				}
				synctest.Wait()
				orders := ca.ordered()
				if len(orders) != 5 {
					t.Fatalf("%d orders in two lives and a quarter, want 5: %v", len(orders), orders)
				}
				for i, at := range orders {
					if late := at.Sub(begun) - time.Duration(i)*life/2; late < 0 || late > life/100+watchEvery {
						t.Errorf("order %d came %v late", i+1, late)
					}
				}
			})
		})
	}
}

func TestOneOfTheTwoThatFailedIsTriedAgainAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newTestAuthority(t, 90*day24)
		ca.problem, ca.only = problemOf("serverInternal", "for once", 400), 2 // not 500, which is asked again at once
		a, _ := openAutocert(t, t.TempDir(), ca, nil)
		stop := certRun(t, a)
		defer stop()
		time.Sleep(30 * time.Second)
		if st := a.CertificateStatus(); st.Issuance.Shown != "issued" || st.Issuance.Failures != 1 || st.Error == "" || st.Alarm {
			t.Errorf("at first: %+v, %+v", st, st.Issuance)
		}
		time.Sleep(time.Minute)
		if st := a.CertificateStatus(); st.Issuance.Failures != 0 || st.Error != "" || len(ca.ordered()) != 3 {
			t.Errorf("after %d orders: %+v, %+v", len(ca.ordered()), st, st.Issuance)
		}
		if kept, err := filepath.Glob(filepath.Join(a.kept.dir, "*")); err != nil || len(kept) != 3 { // and the account
			t.Errorf("kept: %q, %v", kept, err)
		}
	})
}

// That is what autocert does by itself, and what a stranger can use up the
// authority's patience with.
func TestHandshakesNeverStartAnOrder(t *testing.T) {
	ca := newTestAuthority(t, 90*day24)
	a, _ := openAutocert(t, t.TempDir(), ca, nil)
	for _, name := range []string{"ppm.example", "PPM.EXAMPLE", "", "other.example", "192.0.2.1", "xn--nxasmq6b.example"} {
		for _, protocols := range [][]string{nil, {"http/1.1"}, {"h2", "http/1.1"}} {
			if _, err := a.shake(&tls.Config{ServerName: name, NextProtos: protocols}); err != nil {
				t.Errorf("%q %q: %v", name, protocols, err)
			}
		}
		if _, err := a.shake(&tls.Config{ServerName: name, NextProtos: []string{acme.ALPNProto}}); err == nil {
			t.Errorf("the challenge of nobody was answered for %q", name)
		}
	}
	if ca.calls != 0 {
		t.Errorf("the authority was called %d times", ca.calls)
	}
}

func TestFailedOrdersAreTriedAgainMoreAndMoreRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newTestAuthority(t, 90*day24)
		ca.fails = errors.New("connection refused")
		a, log := openAutocert(t, t.TempDir(), ca, nil)
		stop := certRun(t, onlyECDSA(a))
		defer stop()
		begun := time.Now()
		const minutes = time.Minute
		want := []time.Duration{0, 1 * minutes, 6 * minutes, 21 * minutes, 81 * minutes, 441 * minutes, 801 * minutes}
		time.Sleep(810 * minutes)
		var got []time.Duration
		for _, at := range ca.ordered() {
			got = append(got, at.Sub(begun))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("tried after %v, want %v", got, want)
		}
		st := a.CertificateStatus()
		if !st.Alarm || st.Issuance.Failures != 7 || st.Issuance.Shown != "self-signed" || !st.Issuance.Next.Equal(begun.Add((801+360)*minutes)) ||
			!strings.Contains(st.Error, "ca.example cannot be reached") || !strings.Contains(st.Error, "connection refused") || !strings.Contains(st.Error, "self-signed.crt") {
			t.Errorf("status %+v, %+v", st, st.Issuance)
		}
		if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%d errors logged for one cause:\n%s", n, log)
		}

		// Try now, first in vain.
		if err := a.Renew(t.Context()); err == nil || len(ca.ordered()) != 8 {
			t.Errorf("Renew = %v after %d attempts", err, len(ca.ordered()))
		}
		ca.change(func() { ca.fails = nil })
		if err := a.Renew(t.Context()); err != nil {
			t.Errorf("Renew: %v", err)
		}
		if st := a.CertificateStatus(); st.Alarm || st.Error != "" || st.Issuance.Failures != 0 || st.Issuance.Shown != "issued" {
			t.Errorf("all is well, but %+v, %+v", st, st.Issuance)
		}
		n := len(ca.ordered())
		if err := a.Renew(t.Context()); err != nil || len(ca.ordered()) != n {
			t.Errorf("ordered although nothing was due: %v", err)
		}
	})
}

func TestTheAuthorityIsLeftAloneForAsLongAsItWants(t *testing.T) {
	for _, wait := range []string{"10800", "Sat, 01 Jan 2000 03:00:00 GMT"} { // when a bubble's clock says midnight
		synctest.Test(t, func(t *testing.T) {
			ca := newTestAuthority(t, 90*day24)
			ca.problem, ca.wait = problemOf("rateLimited", "too many certificates already issued", 429), wait
			a, _ := openAutocert(t, t.TempDir(), ca, nil)
			stop := certRun(t, onlyECDSA(a))
			defer stop()
			time.Sleep(2 * time.Hour)
			if n := len(ca.ordered()); n != 1 {
				t.Errorf("asked %d times", n)
			}
			st := a.CertificateStatus()
			if st.Issuance.Problem != "rateLimited" || !strings.Contains(st.Error, "too often") || !strings.Contains(st.Error, "too many certificates already issued") {
				t.Errorf("status %+v, %+v", st, st.Issuance)
			}
			ca.change(func() { ca.problem = nil })
			time.Sleep(time.Hour + time.Minute)
			if st := a.CertificateStatus(); st.Issuance.Shown != "issued" {
				t.Errorf("status %+v, %+v", st, st.Issuance)
			}
		})
	}
}

func TestWithoutTheAuthorityTheOldCertificateThenTheOwnThenTheSelfSigned(t *testing.T) {
	for _, life := range []time.Duration{90 * day24, 45 * day24, 20 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ca := newTestAuthority(t, life)
			own := newCertAuthority(t, "Own CA", nil).leaf(t, certKey(), func(c *x509.Certificate) { c.NotAfter = time.Now().Add(life * 2) })
			files := certFiles(t, certPEM(own), certKeyPEM(t, certKey()))
			a, log := openAutocert(t, t.TempDir(), ca, func(set *AutocertSettings) { set.Own = files })
			stop := certRun(t, onlyECDSA(a))
			defer stop()
			time.Sleep(time.Second)
			begun := time.Now().Add(-time.Second)
			issued := a.CertificateStatus()
			ca.change(func() { ca.fails = errors.New("no route to host") })
			for _, stage := range []struct {
				at    float64 // of the life
				alarm bool
				shown string
			}{
				{0.45, false, "issued"}, {0.65, false, "issued"}, {0.67, true, "issued"}, {0.99, true, "issued"},
				{1.01, true, "own"}, {1.9, true, "own"}, {2.1, true, "self-signed"},
			} {
				time.Sleep(time.Until(begun.Add(time.Duration(stage.at * float64(life)))))
				st := a.CertificateStatus()
				if st.Alarm != stage.alarm || st.Issuance.Shown != stage.shown || (st.Error != "") != (stage.at > 0.5) {
					t.Errorf("at %v of %v: %+v, %+v", stage.at, life, st, st.Issuance)
				}
				leaf, err := a.shake(&tls.Config{ServerName: "ppm.example"})
				if err != nil || fingerprint(leaf) != st.SHA256 || stage.shown == "issued" && st.SHA256 != issued.SHA256 {
					t.Errorf("at %v of %v: shown %v, %v", stage.at, life, st.SHA256, err)
				}
			}
			if n := strings.Count(log.String(), "has not been renewed"); n != 1 {
				t.Errorf("logged %d times that it was not renewed:\n%s", n, log)
			}
			ca.change(func() { ca.fails = nil })
			if err := a.Renew(t.Context()); err != nil {
				t.Error(err)
			}
			if st := a.CertificateStatus(); st.Alarm || st.Error != "" || st.Issuance.Shown != "issued" {
				t.Errorf("all is well, but %+v, %+v", st, st.Issuance)
			}
		})
	}
}

func TestWhatWasIssuedIsUsedAgainAfterAStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, dir := newTestAuthority(t, 90*day24), t.TempDir()
		a, _ := openAutocert(t, dir, ca, nil)
		stop := certRun(t, onlyECDSA(a))
		time.Sleep(time.Second)
		stop()
		first := a.CertificateStatus()

		time.Sleep(40 * day24)
		a, _ = openAutocert(t, dir, ca, nil)
		stop = certRun(t, onlyECDSA(a))
		time.Sleep(time.Second)
		if st := a.CertificateStatus(); st.SHA256 != first.SHA256 || len(ca.ordered()) != 1 {
			t.Errorf("%d orders, then %+v", len(ca.ordered()), st)
		}
		stop()

		a, _ = openAutocert(t, dir, ca, func(set *AutocertSettings) { set.Directory = "https://staging.ca.example/dir" })
		if st := a.CertificateStatus(); st.Issuance.Shown != "self-signed" {
			t.Errorf("what one authority issued is taken for another's: %+v", st)
		}
		a, _ = openAutocert(t, dir, ca, func(set *AutocertSettings) { set.Domain = "other.example" })
		if st := a.CertificateStatus(); st.Issuance.Shown != "self-signed" {
			t.Errorf("what was issued for one name is taken for another: %+v", st)
		}
	})
}

func TestDamagedCertificatesAndAccountsAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, dir := newTestAuthority(t, 90*day24), t.TempDir()
		a, _ := openAutocert(t, dir, ca, nil)
		stop := certRun(t, onlyECDSA(a))
		time.Sleep(time.Second)
		stop()
		file := a.CertificateStatus().File
		certWrite(t, file, []byte("garbage"))
		certWrite(t, a.kept.path("acme_account+key"), []byte("garbage"))

		a, log := openAutocert(t, dir, ca, nil)
		stop = certRun(t, onlyECDSA(a))
		defer stop()
		time.Sleep(time.Second)
		if st := a.CertificateStatus(); st.Issuance.Shown != "issued" || st.Error != "" || !strings.Contains(log.String(), file+" is not a PEM file") {
			t.Errorf("status %+v, %+v\n%s", st, st.Issuance, log)
		}
		if data, err := os.ReadFile(file); err != nil || !strings.Contains(string(data), "BEGIN CERTIFICATE") {
			t.Errorf("the file holds %.40q, %v", data, err)
		}
	})
}

func TestCertificateThatCannotBeKeptIsServedAndSaidLoudly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, dir := newTestAuthority(t, 90*day24), t.TempDir()
		a, log := openAutocert(t, dir, ca, nil)
		certWrite(t, a.kept.dir, []byte("in the way"))
		stop := certRun(t, onlyECDSA(a))
		defer stop()
		time.Sleep(time.Second)
		st := a.CertificateStatus()
		if st.Issuance.Shown != "issued" || !strings.Contains(st.Error, "cannot be kept") || !strings.Contains(st.Error, a.kept.dir) ||
			!strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("status %+v, %+v\n%s", st, st.Issuance, log)
		}
		if err := a.Renew(t.Context()); err == nil {
			t.Error("Renew says that all is well")
		}
		os.Remove(a.kept.dir)
		time.Sleep(watchEvery + time.Minute)
		if st := a.CertificateStatus(); st.Error != "" || !exists(st.File) || len(ca.ordered()) != 1 {
			t.Errorf("when it could be written: %+v, %d orders", st, len(ca.ordered()))
		}
	})
}

func TestCertificateThatNobodyTrustsIsWarnedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newTestAuthority(t, 90*day24)
		a, _ := openAutocert(t, t.TempDir(), ca, func(set *AutocertSettings) { set.Root = "" })
		stop := certRun(t, onlyECDSA(a))
		defer stop()
		time.Sleep(time.Second)
		w := a.CertificateStatus().Warnings
		if len(w) != 2 || !strings.Contains(w[0], "senders that can only do RSA are shown a certificate of ppm.example, for want") || !strings.Contains(w[1], "does not trust") {
			t.Errorf("warnings %q", w)
		}
	})
}

func TestTheAuthorityCannotHaveAnOrderWaitForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newTestAuthority(t, 90*day24)
		ca.pending = 3
		a, _ := openAutocert(t, t.TempDir(), ca, nil)
		stop := certRun(t, onlyECDSA(a))
		defer stop()
		begun := time.Now()
		if err := a.Renew(t.Context()); err != nil || time.Since(begun) > time.Minute {
			t.Errorf("Renew = %v after %v", err, time.Since(begun))
		}
	})
}

func TestStopInTheMiddleOfAnOrderIsNoFailure(t *testing.T) {
	for name, change := range map[string]func(*testAuthority){
		"no answer":       func(ca *testAuthority) { ca.hangs = true },
		"waiting in turn": func(ca *testAuthority) { ca.pending = 1000 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca := newTestAuthority(t, 90*day24)
				change(ca)
				a, log := openAutocert(t, t.TempDir(), ca, nil)
				stop := certRun(t, onlyECDSA(a))
				time.Sleep(20 * time.Second)
				if st := a.CertificateStatus(); !st.Issuance.Ordering {
					t.Errorf("status %+v", st.Issuance)
				}
				begun := time.Now()
				stop()
				if took := time.Since(begun); took > 10*time.Second {
					t.Errorf("stopping took %v", took)
				}
				if st := a.CertificateStatus(); st.Issuance.Failures != 0 || strings.Contains(log.String(), "not issued") {
					t.Errorf("status %+v\n%s", st.Issuance, log)
				}
			})
		})
	}
}

func TestAnAuthorityThatNeverAnswersIsGivenUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newTestAuthority(t, 90*day24)
		ca.hangs = true
		a, _ := openAutocert(t, t.TempDir(), ca, nil)
		stop := certRun(t, onlyECDSA(a))
		defer stop()
		time.Sleep(orderTime + 10*time.Second)
		if st := a.CertificateStatus(); st.Issuance.Failures != 1 || !strings.Contains(st.Error, "ca.example cannot be reached (no answer in time)") {
			t.Errorf("status %+v, %+v", st, st.Issuance)
		}
	})
}
