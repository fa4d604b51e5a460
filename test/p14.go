//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// The certificates live for 20 seconds, so that all of their lives can be seen.
const shortLife = 20

// p14 has certificates issued by a test authority on this machine, renewed
// under load, and then takes the authority away.
func p14(l *lab) error {
	ca, err := l.newPebble(shortLife)
	if err != nil {
		return err
	}
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	own, err := certificateFile(l.dir, "own", "office.ppm.test")
	if err != nil {
		return err
	}
	p, err := l.serve(data, ca.settings("office.ppm.test", ca.tlsPort, "PPM_RECEIVER_TLS_CERT="+own, "PPM_RECEIVER_TLS_KEY="+own)...)
	if err != nil {
		return err
	}
	o := new(oracle)
	for _, step := range []func(*lab, *pebble, *process, string, *oracle) error{
		withoutAuthority, issuedByTLSALPN, renewedUnderLoad, authorityDown, authorityBack,
	} {
		if err := step(l, ca, p, data, o); err != nil {
			return err
		}
	}
	if err := errors.Join(l.verify(data, o), p.stop()); err != nil {
		return err
	}
	l.kept(o)
	for _, step := range []func(*lab, *pebble) error{issuedByHTTP, nameRefused, rateLimited, folderUnwritable} {
		if err := step(l, ca); err != nil {
			return err
		}
		l.done++
	}
	return nil
}

// settings are the words before the program's own that have it order a
// certificate for domain from the authority, listening at port.
func (c *pebble) settings(domain, port string, more ...string) []string {
	return append([]string{"env", "PPM_RECEIVER_LISTEN=127.0.0.1:" + port, "PPM_RECEIVER_TLS_MODE=autocert",
		"PPM_RECEIVER_TLS_DOMAIN=" + domain, "PPM_RECEIVER_TLS_CA_DIRECTORY=" + c.directory, "PPM_RECEIVER_TLS_CA_ROOT=" + c.root}, more...)
}

// certified is what ppm status says about the certificate.
type certified struct {
	Names    []string  `json:"names"`
	Until    time.Time `json:"until"`
	File     string    `json:"file"`
	Alarm    bool      `json:"alarm"`
	Error    string    `json:"error"`
	Issuance struct {
		Failures int       `json:"failures"`
		Next     time.Time `json:"next"`
		Problem  string    `json:"problem"`
		Shown    string    `json:"shown"`
	} `json:"issuance"`
}

func (l *lab) certified(data string) (certified, error) {
	var s struct {
		Certificate certified `json:"certificate"`
	}
	out, err := l.ppm(data, "status", "--json")
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	return s.Certificate, err
}

// certifiedAs waits until the status of the certificate is as wanted.
func (l *lab) certifiedAs(data, what string, wanted func(certified) bool) (c certified, err error) {
	err = l.until(30*time.Second, what, func() (bool, error) {
		c, err = l.certified(data)
		return err == nil && wanted(c), errors.Join(err, fmt.Errorf("it is %+v", c))
	})
	return c, err
}

// shown connects to the receiver and returns the certificate that a client is shown.
func shown(p *process, client *tls.Config) (*x509.Certificate, error) {
	address, _, _ := strings.Cut(strings.TrimPrefix(p.receiver, "https://"), "/")
	conn, err := tls.Dial("tcp", address, client)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0], nil
}

// withoutAuthority: nothing can be had at first. Receiving goes on with the
// partner's own certificate, and the status says why.
func withoutAuthority(l *lab, _ *pebble, p *process, data string, o *oracle) error {
	c, err := l.certifiedAs(data, "the failure is told", func(c certified) bool { return c.Issuance.Failures > 0 })
	if err != nil {
		return err
	}
	if !c.Alarm || c.Issuance.Shown != "own" || !strings.Contains(c.Error, "cannot be reached") {
		return fmt.Errorf("without the authority: %+v", c)
	}
	f := l.feed(p.receiver, o, load{senders: 1})
	err = l.until(10*time.Second, "a notification accepted without the authority", func() (bool, error) { return f.acknowledged.Load() > 0, nil })
	l.done++
	return errors.Join(err, f.stop())
}

// onlyRSA are the cipher suites of a sender that cannot do ECDSA.
var onlyRSA = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}

// issuedByTLSALPN: nobody answers HTTP-01 here, so it is by TLS-ALPN-01.
func issuedByTLSALPN(l *lab, ca *pebble, p *process, data string, _ *oracle) error {
	if err := ca.start(); err != nil {
		return err
	}
	if _, err := l.ppm(data, "certificate", "renew"); err != nil {
		return err
	}
	roots, err := ca.roots()
	if err != nil {
		return err
	}
	for _, client := range []*tls.Config{
		{RootCAs: roots, ServerName: "office.ppm.test"},
		{RootCAs: roots, ServerName: "office.ppm.test", MaxVersion: tls.VersionTLS12, CipherSuites: onlyRSA},
		{InsecureSkipVerify: true}, // which gives no name
	} {
		leaf, err := shown(p, client)
		if err != nil {
			return fmt.Errorf("%+v: %w", client.CipherSuites, err)
		}
		_, isRSA := leaf.PublicKey.(*rsa.PublicKey)
		_, isECDSA := leaf.PublicKey.(*ecdsa.PublicKey)
		if wantRSA := client.CipherSuites != nil; isRSA != wantRSA || isECDSA == wantRSA || leaf.VerifyHostname("office.ppm.test") != nil {
			return fmt.Errorf("a client of the suites %v was shown a %T for %v", client.CipherSuites, leaf.PublicKey, leaf.DNSNames)
		}
	}
	l.done++
	return nil
}

// A gallery collects the certificates that senders have seen.
type gallery struct {
	mu   sync.Mutex
	seen map[string]bool // by serial number
}

func (g *gallery) look(state tls.ConnectionState) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen[state.PeerCertificates[0].SerialNumber.String()] = true
	return nil
}

func (g *gallery) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.seen)
}

// strict is a load of senders that check the certificate at every post, each
// over a new connection.
func (ca *pebble) strict() (load, *gallery, error) {
	roots, err := ca.roots()
	if err != nil {
		return load{}, nil, err
	}
	g := &gallery{seen: map[string]bool{}}
	return load{senders: 4, pace: 20 * time.Millisecond, trust: &tls.Config{RootCAs: roots, ServerName: "office.ppm.test", VerifyConnection: g.look}}, g, nil
}

// renewedUnderLoad: three renewals, and no sender notices.
func renewedUnderLoad(l *lab, ca *pebble, p *process, data string, o *oracle) error {
	ld, g, err := ca.strict()
	if err != nil {
		return err
	}
	f := l.feed(p.receiver, o, ld)
	alarmed := false
	err = l.until(time.Minute, "three renewals", func() (bool, error) {
		c, err := l.certified(data)
		alarmed = alarmed || c.Alarm
		return g.count() >= 4, err
	})
	if err := errors.Join(err, f.stop()); err != nil {
		return err
	}
	if n := f.broken.Load(); n > 0 || alarmed {
		return fmt.Errorf("%d handshakes or posts failed while certificates were renewed; alarm: %v", n, alarmed)
	}
	l.figure("handshakes while renewed", f.acknowledged.Load(), "")
	l.figure("certificates seen", g.count(), "")
	l.done++
	return nil
}

// authorityDown: the alarm comes with a third of the life left, the old
// certificate is served on to its end, and then the partner's own.
func authorityDown(l *lab, ca *pebble, p *process, data string, o *oracle) error {
	ld, g, err := ca.strict()
	if err != nil {
		return err
	}
	ca.stop()
	f := l.feed(p.receiver, o, ld)
	c, err := l.certifiedAs(data, "the alarm", func(c certified) bool { return c.Alarm })
	now := time.Now()
	if err := errors.Join(err, f.stop()); err != nil {
		return err
	}
	rsa, err := shown(p, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: onlyRSA})
	if err != nil {
		return err
	}
	left := min(c.Until.Sub(now), rsa.NotAfter.Sub(now)) // whichever goes first
	const third = shortLife * time.Second / 3
	if left > third || left < third/2 || c.Issuance.Shown != "issued" || c.Error == "" {
		return fmt.Errorf("the alarm came with %v of %d s left: %+v", left, shortLife, c)
	}
	if n := f.broken.Load(); n > 0 || g.count() == 0 {
		return fmt.Errorf("%d posts failed while the old certificate was good", n)
	}
	l.figure("alarm with", left.Round(100*time.Millisecond).Seconds(), "s left")
	if c, err = l.certifiedAs(data, "the own certificate after the end of the old one", func(c certified) bool { return c.Issuance.Shown == "own" }); err != nil {
		return err
	}
	leaf, err := shown(p, &tls.Config{InsecureSkipVerify: true})
	if err != nil || time.Until(leaf.NotAfter) < time.Hour || !c.Alarm {
		return fmt.Errorf("after the end of the old certificate: %w; %+v", err, c)
	}
	l.done++
	return nil
}

// authorityBack: one command, and all is well.
func authorityBack(l *lab, ca *pebble, p *process, data string, _ *oracle) error {
	if err := ca.start(); err != nil {
		return err
	}
	if _, err := l.ppm(data, "certificate", "renew"); err != nil {
		return err
	}
	c, err := l.certified(data)
	if err != nil || c.Alarm || c.Error != "" || c.Issuance.Failures > 0 || c.Issuance.Shown != "issued" {
		return fmt.Errorf("the authority is back, but %+v, %w", c, err)
	}
	roots, err := ca.roots()
	if err != nil {
		return err
	}
	_, err = shown(p, &tls.Config{RootCAs: roots, ServerName: "office.ppm.test"})
	l.done++
	return err
}

// ordering starts a program of its own that orders a certificate for domain,
// and returns how its first attempt ended.
func (l *lab) ordering(name string, words []string) (*process, string, error) {
	data, err := l.folder(name)
	if err != nil {
		return nil, "", err
	}
	p, err := l.serve(data, words...)
	return p, data, err
}

// issuedByHTTP: at the port for TLS-ALPN-01 there is nobody.
func issuedByHTTP(l *lab, ca *pebble) error {
	p, data, err := l.ordering("http", ca.settings("home.ppm.test", "0", "PPM_RECEIVER_TLS_HTTP_LISTEN=127.0.0.1:"+ca.httpPort))
	if err != nil {
		return err
	}
	if _, err := l.certifiedAs(data, "a certificate by HTTP-01", func(c certified) bool { return c.Issuance.Shown == "issued" && c.Error == "" }); err != nil {
		return err
	}
	roots, err := ca.roots()
	if err != nil {
		return err
	}
	_, err = shown(p, &tls.Config{RootCAs: roots, ServerName: "home.ppm.test"})
	return errors.Join(err, p.stop())
}

// nameRefused: the authority's reason is in the status, in words.
func nameRefused(l *lab, ca *pebble) error {
	p, data, err := l.ordering("refused", ca.settings(refusedName, "0"))
	if err != nil {
		return err
	}
	c, err := l.certifiedAs(data, "the refusal", func(c certified) bool { return c.Issuance.Failures > 0 })
	if err != nil {
		return err
	}
	if c.Issuance.Problem != "rejectedIdentifier" || !strings.Contains(c.Error, "issues no certificate for "+refusedName) || c.Issuance.Shown != "self-signed" {
		return fmt.Errorf("refused, but %+v", c)
	}
	_, err = l.ppm(data, "certificate", "renew")
	var failed *commandError
	if !errors.As(err, &failed) || failed.status != 1 || !strings.Contains(failed.stderr, "issues no certificate") {
		return fmt.Errorf("ppm certificate renew: %w", err)
	}
	return p.stop()
}

// folderUnwritable: what is issued is served all the same, said loudly, and
// kept once that can be done.
func folderUnwritable(l *lab, ca *pebble) error {
	data, err := l.folder("unwritable")
	if err != nil {
		return err
	}
	if err := l.once(data); err != nil {
		return err
	}
	certs := data + "/certs"
	if _, err := l.tool("chattr", "+i", certs); err != nil {
		return err
	}
	l.cleanup(func() error { _, err := l.tool("chattr", "-i", certs); return err })
	p, _, err := l.ordering("unwritable", ca.settings("attic.ppm.test", ca.tlsPort))
	if err != nil {
		return err
	}
	c, err := l.certifiedAs(data, "a certificate that cannot be kept", func(c certified) bool { return c.Issuance.Shown == "issued" })
	if err != nil {
		return err
	}
	if !strings.Contains(c.Error, "cannot be kept") || !strings.Contains(c.Error, certs) {
		return fmt.Errorf("it cannot be kept, but %+v", c)
	}
	err = l.until(10*time.Second, "the log says so", func() (bool, error) {
		return strings.Contains(p.stderr(), "cannot be kept"), errors.New(tail(p.stderr()))
	})
	if err != nil {
		return err
	}
	if _, err := l.tool("chattr", "-i", certs); err != nil {
		return err
	}
	if _, err := l.ppm(data, "certificate", "renew"); err != nil {
		return err
	}
	if c, err = l.certified(data); err != nil || c.Error != "" {
		return fmt.Errorf("it can be kept, but %+v, %w", c, err)
	}
	if _, err := os.Stat(c.File); err != nil {
		return err
	}
	return p.stop()
}
