//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// A pebble is Let's Encrypt's small test authority, with a DNS of its own that
// finds every name on this machine. Its certificates live for so many seconds
// as life says.
type pebble struct {
	lab       *lab
	dir       string
	life      int
	directory string // for receiver.tls.ca_directory
	root      string // for receiver.tls.ca_root: what its address is trusted by
	manager   string // its second address
	tlsPort   string // where it comes with TLS-ALPN-01, instead of 443
	httpPort  string // and with HTTP-01, instead of 80
	dns       string
	running   *exec.Cmd
}

// refusedName is one for which the authority issues nothing.
const refusedName = "refused.ppm.test"

// newPebble builds the authority and its DNS, and starts the latter.
func (l *lab) newPebble(life int) (*pebble, error) {
	p := &pebble{lab: l, life: life, dir: filepath.Join(l.dir, "pebble")}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, err
	}
	const module = "github.com/letsencrypt/pebble/v2/cmd/"
	build := exec.CommandContext(l, "go", "build", "-modfile=.ci/tools/go.mod", "-o", p.dir+"/", module+"pebble", module+"pebble-challtestsrv")
	build.Dir = l.workshop.source
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build pebble: %w\n%s", err, out)
	}
	free, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	p.directory, p.manager = "https://127.0.0.1:"+free[0]+"/dir", "127.0.0.1:"+free[1]
	p.tlsPort, p.httpPort, p.dns = free[2], free[3], "127.0.0.1:"+free[4]
	if p.root, err = certificateFile(p.dir, "pebble", "127.0.0.1"); err != nil {
		return nil, err
	}
	_, err = p.spawn("pebble-challtestsrv", "-dnsserver", p.dns, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "",
		"-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", "")
	return p, err
}

// spawn starts one of the two programs, until the check ends.
func (p *pebble) spawn(name string, args ...string) (*exec.Cmd, error) {
	log, err := os.Create(filepath.Join(p.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(p.dir, name), args...)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.lab.cleanup(func() error { end(cmd); return nil })
	return cmd, nil
}

// end kills cmd, once or more often.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// start starts the authority. Each time it is another one: it keeps nothing,
// and makes a root of its own.
func (p *pebble) start() error {
	tlsPort, _ := strconv.Atoi(p.tlsPort)
	httpPort, _ := strconv.Atoi(p.httpPort)
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": p.directory[len("https://") : len(p.directory)-len("/dir")], "managementListenAddress": p.manager,
		"certificate": p.root, "privateKey": p.root,
		"httpPort": httpPort, "tlsPort": tlsPort, "domainBlocklist": []string{refusedName},
		"retryAfter": map[string]int{"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
		"profiles": map[string]any{"default": map[string]any{"description": "short", "validityPeriod": p.life}},
	}})
	if err != nil {
		return err
	}
	config := filepath.Join(p.dir, "config.json")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return err
	}
	if p.running, err = p.spawn("pebble", "-config", config, "-dnsserver", p.dns, "-strict"); err != nil {
		return err
	}
	return p.lab.until(startLimit, "the test authority answers", func() (bool, error) {
		_, err := p.roots()
		return err == nil, err
	})
}

// stop ends the authority as a power cut would.
func (p *pebble) stop() { end(p.running) }

// roots returns whom a sender has to trust to trust what the authority issues.
func (p *pebble) roots() (*x509.CertPool, error) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	res, err := client.Get("https://" + p.manager + "/roots/0")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("the authority's root is %q", text)
	}
	return pool, nil
}

// freePorts returns ports of the loopback address at which nobody listens.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at the end, so that none comes twice
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return ports, nil
}

// certificateFile writes a certificate for the name or address, which vouches
// for itself, and its key into one PEM file.
func certificateFile(dir, file, name string) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return "", err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, file+".pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	return path, os.WriteFile(path, text, 0o600)
}
