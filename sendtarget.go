package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"

	"processmanager/config"
)

// A target is where to post, and as whom.
type target struct {
	url      string
	user     string
	password string
	client   *http.Client
}

// target returns the receiver that was named, or else the one that runs here.
func (c *sendCmd) target(p *program) (target, error) {
	to := target{url: c.URL, user: c.User}
	ca, domain := c.CA, ""
	if to.url == "" {
		dir, err := p.folder()
		if err != nil {
			return target{}, err
		}
		here, err := findRunning(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return target{}, fmt.Errorf("no ppm is running on %s: start it first, or say where to post with --url", dir)
		}
		if err != nil {
			return target{}, err
		}
		to.url, domain = here.Receiver, here.Domain
		if to.user == "" {
			to.user = here.Username
		}
		if ca == "" && !c.Insecure {
			ca = here.Certificate
		}
	}
	if to.user == "" {
		to.user = config.Default().Receiver.Username
	}
	u, err := url.Parse(to.url)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return target{}, usageError(fmt.Sprintf("--url %s: give an address such as https://ppm.example.com/notifications", to.url))
	}
	if u.Scheme == "http" && !c.Insecure && !isLoopback(u.Hostname()) {
		return target{}, errors.New("--url: over plain http everyone on the way can read the password; give an https address, or add --insecure if you mean it")
	}
	trust, err := trusted(ca)
	if err != nil {
		return target{}, err
	}
	to.client = &http.Client{
		Timeout: c.Timeout,
		Transport: &http.Transport{
			Proxy:           http.ProxyFromEnvironment,
			TLSClientConfig: &tls.Config{RootCAs: trust, InsecureSkipVerify: c.Insecure, ServerName: domain},
		},
		// Clearmatch doesn't follow redirects either.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return to, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// trusted returns what this machine trusts and what is in the PEM file besides;
// nil, which stands for the former, without a file.
func trusted(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificate to trust: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: there is no certificate in it; a PEM file has lines such as -----BEGIN CERTIFICATE-----", file)
	}
	return pool, nil
}
