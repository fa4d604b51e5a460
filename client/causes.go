package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// cause returns err with a person's words before it, if its cause is known. It
// leaves out the address that net/http puts into its errors, which may have
// secrets in it.
func cause(err error) error {
	var withAddress *url.Error
	for errors.As(err, &withAddress) {
		err = withAddress.Err
	}
	if words := inWords(err); words != "" {
		return fmt.Errorf("%s (%w)", words, err)
	}
	return err
}

// Winsock's own numbers, which package syscall has no values for.
const (
	wsaENetUnreach  = syscall.Errno(10051)
	wsaEConnReset   = syscall.Errno(10054)
	wsaETimedOut    = syscall.Errno(10060)
	wsaEConnRefused = syscall.Errno(10061)
	wsaEHostUnreach = syscall.Errno(10065)
)

const hungUp = "it hung up before it had answered"

// inWords says what err means and what to look at, "" if nobody knows. All kinds
// of client have their causes here, so that one cause has one explanation.
func inWords(err error) string {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		noTLS     tls.RecordHeaderError
		noHost    *net.DNSError
		network   *net.OpError
		wait      net.Error
		program   *exec.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "cut off"

	case errors.As(err, &authority):
		return "nobody this machine trusts has signed its certificate: name the certificate to trust with the setting ca"
	case errors.As(err, &name):
		return "its certificate is for another name: use the name that the certificate has"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore) {
			return "its certificate is not valid yet: the clock of this machine or of the other one is wrong"
		}
		return "its certificate has expired, or the clock of this machine is wrong"
	case errors.As(err, &invalid):
		return "its certificate is no good for a server"
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS: is the port right, or is it http rather than https, starttls rather than tls?"
	case errors.As(err, &network) && network.Op == "remote error":
		return "it refuses the TLS connection: it may be too old for TLS 1.2, or want a certificate of the caller"

	// net/http has no values for these. The second one is what it says when the
	// other side speaks before it was asked, as mail servers do.
	case strings.Contains(err.Error(), "malformed HTTP"), strings.Contains(err.Error(), "readLoopPeekFailLocked: %!w"):
		return "it does not speak HTTP: is the port right?"
	case strings.Contains(err.Error(), "server closed idle connection"):
		return hungUp

	case errors.As(err, &noHost) && noHost.IsNotFound:
		return "there is no host of this name: look at the spelling"
	case errors.As(err, &noHost):
		return "this machine could not ask for the address of the host: is the network there?"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, wsaEConnRefused):
		return "nothing listens there: is the program running, and is the port right?"
	case isAny(err, syscall.EHOSTUNREACH, syscall.ENETUNREACH, wsaEHostUnreach, wsaENetUnreach):
		return "there is no way to it from here: are the network and a VPN up?"
	case errors.As(err, &network) && network.Op == "dial" && network.Timeout(), isAny(err, syscall.ETIMEDOUT, wsaETimedOut):
		return "it could not be connected to in time: is it switched on, or is a firewall in the way?"
	case isAny(err, syscall.ECONNRESET, syscall.EPIPE, wsaEConnReset, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed):
		return hungUp
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &wait) && wait.Timeout():
		return "it did not answer in time"

	case errors.As(err, &program) && errors.Is(program.Err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return "there is no such file or folder: look at the spelling"
	case errors.Is(err, fs.ErrPermission):
		return "the account that ppm runs under may not do this"
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full"
	}
	return ""
}

func isAny(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}
