package receiver

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhyNothingIsIssuedIsSaidInPlainWords(t *testing.T) {
	for _, tt := range []struct {
		problem map[string]any
		says    []string
	}{
		{problemOf("rejectedIdentifier", "policy forbids issuing for name", 400), []string{"issues no certificate for ppm.example", "policy forbids issuing for name"}},
		{problemOf("unsupportedIdentifier", "no", 400), []string{"issues no certificate"}},
		{problemOf("caa", "CAA record prevents issuance", 403), []string{"CAA", "add it there"}},
		{problemOf("dns", "NXDOMAIN looking up A", 400), []string{"finds no address of ppm.example", "NXDOMAIN"}},
		{problemOf("externalAccountRequired", "EAB", 403), []string{"made with it beforehand"}},
		{map[string]any{"type": "urn:ietf:params:acme:error:userActionRequired", "detail": "new terms", "status": 403, "instance": "https://ca.example/terms"}, []string{"https://ca.example/terms"}},
		{problemOf("serverInternal", "oops", 500), []string{"in trouble itself"}},
		{problemOf("rateLimited", "too many", 429), []string{"too often"}},
		{problemOf("malformed", "bad \x1b[31m"+strings.Repeat("x", 1000), 400), []string{"refuses (malformed)", `bad \x1b[31m`, "…"}},
		{map[string]any{"type": "urn:ietf:params:acme:error:compound", "detail": "two", "status": 400,
			"subproblems": []map[string]string{{"detail": "the first"}, {"detail": "the second"}}}, []string{"two; the first; the second"}},
	} {
		word := tt.problem["type"].(string)[len("urn:ietf:params:acme:error:"):]
		t.Run(word, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca := newTestAuthority(t, 90*day24)
				ca.problem = tt.problem
				a, _ := openAutocert(t, t.TempDir(), ca, nil)
				stop := certRun(t, onlyECDSA(a))
				defer stop()
				time.Sleep(30 * time.Second)
				st := a.CertificateStatus()
				if st.Issuance.Problem != word || len(st.Error) > 1000 {
					t.Errorf("status %+v, %+v", st, st.Issuance)
				}
				for _, part := range append(tt.says, "ca.example") {
					if !strings.Contains(st.Error, part) {
						t.Errorf("%q does not say %q", st.Error, part)
					}
				}
			})
		})
	}
}

// Of a challenge that failed autocert itself says only that none was left.
func TestWhatTheAuthorityFoundAtOurAddressIsTold(t *testing.T) {
	for word, says := range map[string]string{
		"connection":        "port 443: let that port in",
		"unauthorized":      "something else at ppm.example than this ppm (port 443)",
		"tls":               "takes TLS apart",
		"incorrectResponse": "what answers at ppm.example, port 443, is not this ppm",
	} {
		synctest.Test(t, func(t *testing.T) {
			ca := newTestAuthority(t, 90*day24)
			ca.refused = problemOf(word, "203.0.113.7: said so", 400)
			a, _ := openAutocert(t, t.TempDir(), ca, nil)
			stop := certRun(t, onlyECDSA(a))
			defer stop()
			time.Sleep(30 * time.Second)
			if st := a.CertificateStatus(); st.Issuance.Problem != word || !strings.Contains(st.Error, says) || !strings.Contains(st.Error, "203.0.113.7: said so") {
				t.Errorf("%s: %+v, %+v", word, st, st.Issuance)
			}
		})
	}
}

func TestWhyTheAuthorityIsNotReachedIsToldWithWhatToDo(t *testing.T) {
	for want, err := range map[string]error{
		"cannot be reached (dial tcp: lookup ca.example: no such host)": &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "ca.example"}},
		"name its root in receiver.tls.ca_root":                         &tls.CertificateVerificationError{Err: errors.New("x509: certificate signed by unknown authority")},
	} {
		got := unreachable(&url.Error{Op: "Get", URL: authorityURL, Err: err}, "ca.example").Error()
		if !strings.Contains(got, want) || !strings.Contains(got, "ca.example") {
			t.Errorf("%q does not say %q", got, want)
		}
	}
}

func TestRootThatCannotBeReadIsToldOf(t *testing.T) {
	ca := newTestAuthority(t, 90*day24)
	for _, file := range []string{"/nowhere/root.pem", certWrite(t, t.TempDir()+"/empty.pem", nil)} {
		a, _ := openAutocert(t, t.TempDir(), ca, func(set *AutocertSettings) { set.Root = file })
		if _, err := a.transport(); err == nil || !strings.Contains(err.Error(), "receiver.tls.ca_root") || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// freePort returns an address at which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestHTTP01IsAnsweredWhileACertificateIsOrdered(t *testing.T) {
	ca := newTestAuthority(t, 90*day24)
	ca.httpAt = freePort(t) // and port 443 cannot be reached
	a, log := openAutocert(t, t.TempDir(), ca, func(set *AutocertSettings) { set.HTTPListen = ca.httpAt })
	stop := certRun(t, onlyECDSA(a))
	defer stop()
	if err := a.Renew(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if st := a.CertificateStatus(); st.Issuance.Shown != "issued" || st.Error != "" {
		t.Errorf("status %+v, %+v", st, st.Issuance)
	}
	if conn, err := net.Dial("tcp", ca.httpAt); err == nil {
		conn.Close()
		t.Error("the port is still open when nothing is being ordered")
	}
}

func TestHTTP01AnswersNothingElse(t *testing.T) {
	ca := newTestAuthority(t, 90*day24)
	a, _ := openAutocert(t, t.TempDir(), ca, nil)
	a.kept.put("unknown+http-01", []byte("KEY"))
	address := freePort(t)
	stop, err := answerHTTP01(address, a.newOrder(t.Context(), ca).manager)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, tt := range []struct {
		host, path string
		status     int
	}{
		{"ppm.example", "/", 404},
		{"ppm.example", "/notifications", 404},
		{"ppm.example:80", "/.well-known/acme-challenge/unknown", 404},
		{"ppm.example", "/.well-known/acme-challenge/../acme_account+key", 404},
		{"ppm.example", `/.well-known/acme-challenge/..%5C..%5Cppm.example`, 404},
		{"other.example", "/.well-known/acme-challenge/unknown", 403},
	} {
		r, err := http.NewRequest("GET", "http://"+address+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = tt.host
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != tt.status || strings.Contains(string(text), "KEY") {
			t.Errorf("%s%s: %s %q, want %d", tt.host, tt.path, res.Status, text, tt.status)
		}
	}
}

func TestPort80HeldByAnotherIsWarnedOf(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ca := newTestAuthority(t, 90*day24)
	a, _ := openAutocert(t, t.TempDir(), ca, func(set *AutocertSettings) { set.HTTPListen = l.Addr().String() })
	stop := certRun(t, onlyECDSA(a))
	defer stop()
	if err := a.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	st := a.CertificateStatus()
	if st.Issuance.Shown != "issued" || len(st.Warnings) == 0 || !strings.Contains(st.Warnings[0], "receiver.tls.http_listen") || !strings.Contains(st.Warnings[0], l.Addr().String()) {
		t.Errorf("status %+v, %+v", st, st.Issuance)
	}
}
