package receiver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// An order is one attempt at certificates. It has a Manager of its own: what a
// Manager does by itself, ordering when someone shakes hands and trying again
// when it sees fit, it never gets to do, for it is asked by us alone, and its
// talk with the authority ends with the attempt. What is left of it is a timer
// for the day on which the certificate ends, and then finds a newer one.
type order struct {
	manager *autocert.Manager
	talk    *talk
}

// orderAll orders every certificate that is overdue. Its error is a [*refusal]
// where the authority had something against it.
func (a *Autocert) orderAll(ctx context.Context) error {
	transport, err := a.talk()
	if err != nil {
		return err
	}
	o := a.newOrder(ctx, transport)
	defer o.talk.end()
	a.order.Store(o)
	defer a.order.Store(nil)
	if a.set.HTTPListen != "" {
		stop, err := answerHTTP01(a.set.HTTPListen, o.manager)
		a.mu.Lock()
		a.deaf = err // port 443 may do all the same
		a.mu.Unlock()
		if err == nil {
			defer stop()
		}
	}
	for _, k := range a.overdue(time.Now()) {
		cert, err := o.manager.GetCertificate(&tls.ClientHelloInfo{ServerName: a.set.Domain, CipherSuites: k.suites})
		if err != nil {
			return o.talk.why(err, a.set)
		}
		k.take(cert, time.Now())
		a.log.Info("certificate issued", "domain", a.set.Domain, "key", k.name, "file", a.kept.path(k.file),
			"sha256", fingerprint(cert.Leaf), "until", cert.Leaf.NotAfter.UTC())
	}
	return nil
}

func (a *Autocert) newOrder(ctx context.Context, transport http.RoundTripper) *order {
	t := newTalk(ctx, transport)
	return &order{talk: t, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, // by choosing the mode; the settings file says so
		Cache:  orderCache{a.kept, t},
		HostPolicy: func(_ context.Context, host string) error {
			if name, _, err := net.SplitHostPort(host); err == nil { // HTTP-01 asks with the port
				host = name
			}
			if !strings.EqualFold(host, a.set.Domain) {
				return fmt.Errorf("this is not %s", a.set.Domain)
			}
			return nil
		},
		RenewBefore: 10 * time.Nanosecond, // as late as can be: renewing is our business
		Client: &acme.Client{
			DirectoryURL: a.set.Directory,
			HTTPClient:   &http.Client{Transport: t},
			UserAgent:    "ppm",
			RetryBackoff: soon,
		},
	}}
}

// soon has the ACME client ask again a few times, in moments; what takes longer
// is for our own back-off. Being asked to wait is not answered by asking again.
func soon(n int, _ *http.Request, res *http.Response) time.Duration {
	if n > 4 || res.StatusCode == http.StatusTooManyRequests {
		return -1
	}
	return time.Duration(n) * 500 * time.Millisecond
}

// transport returns the way to the authority.
func (a *Autocert) transport() (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = 30 * time.Second
	if a.set.Root != "" {
		roots, err := a.roots()
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return t, nil
}

// roots returns whom this computer trusts, and the root from the settings.
func (a *Autocert) roots() (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if a.set.Root == "" {
		return roots, nil
	}
	data, err := os.ReadFile(a.set.Root)
	if err != nil {
		return nil, fmt.Errorf("receiver.tls.ca_root: %w: correct the path, or let the account that runs ppm read it", err)
	}
	if !roots.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("receiver.tls.ca_root: %s holds no certificate in PEM form", a.set.Root)
	}
	return roots, nil
}

// answerHTTP01 has m answer HTTP-01 on address until stop is called. Whoever
// comes for something else is told that there is nothing.
func answerHTTP01(address string, m *autocert.Manager) (stop func(), err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("receiver.tls.http_listen: cannot listen on %s (%w): "+
			"see which program has the port, or choose another one and have the router lead port 80 there", address, err)
	}
	srv := &http.Server{
		Handler:        m.HTTPHandler(http.NotFoundHandler()),
		ReadTimeout:    headerTime,
		WriteTimeout:   headerTime,
		MaxHeaderBytes: maxHeader - 4096,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(newDoorkeeper(l, 64, 16)) }()
	return func() {
		srv.Close()
		<-served
	}, nil
}
