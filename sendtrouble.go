package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// noAnswer says why there was no answer, and what can be done about it.
func noAnswer(to string, err error) error {
	host := to
	if u, e := url.Parse(to); e == nil {
		host = u.Host
	}
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		noTLS     tls.RecordHeaderError
		noHost    *net.DNSError
		wait      net.Error
	)
	help := ""
	switch {
	case errors.As(err, &authority):
		help = "nobody this machine trusts has signed the receiver's certificate. If it is ppm's own, name the file certs/self-signed.crt from its data folder with --ca"
	case errors.As(err, &name):
		help = "the receiver's certificate is for another name" + names(name.Certificate) + ": use the address that Clearmatch posts to, or name a certificate for this one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		help = "the receiver's certificate has run out, or the clock of this machine is wrong: renew it"
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		help = host + " does not speak https: is the port right? Behind a proxy, ppm itself speaks http"
	case strings.Contains(err.Error(), "malformed HTTP"): // net/http has no value for it
		help = host + " does not speak http: is the port right?"
	case errors.As(err, &noHost):
		help = "there is no host named " + noHost.Name + ", or this machine has no way to ask: look at the spelling and the network"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.Errno(10061)): // WSAECONNREFUSED
		help = "nothing listens on " + host + ": is ppm running there, and is the port right?"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.Errno(10054)), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // WSAECONNRESET
		help = host + " hung up without an answer: is it the right port, and still running? The notification may have been kept all the same; posting it again does no harm"
	case errors.As(err, &wait) && wait.Timeout():
		help = "no answer in time: is a firewall or a router in the way? The notification may have been kept all the same; posting it again does no harm"
	}
	var wrapped *url.Error // it would repeat the address
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if help == "" {
		return fmt.Errorf("post to %s: %w", to, err)
	}
	return fmt.Errorf("post to %s: %s\n(%w)", to, help, err)
}

func names(c *x509.Certificate) string {
	if c == nil || len(c.DNSNames) == 0 {
		return ""
	}
	return " (" + printable(strings.Join(c.DNSNames, ", ")) + ")"
}

// hint says what an answer that is no acknowledgement asks for.
func hint(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return `the receiver doesn't know this user name and password; "ppm config get receiver.username" tells the name, "ppm config set receiver.password -" sets another password`
	case status == http.StatusNotFound:
		return "the path of the address is not the receiver's: ppm's is /notifications unless receiver.path says otherwise"
	case status >= 300 && status < 400:
		return "the answer sends the sender elsewhere, and Clearmatch doesn't follow: give Clearmatch the address it leads to"
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return `the receiver can't take it just now; "ppm status" on its machine tells why`
	}
	return ""
}
