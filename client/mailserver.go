package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// How a mail server is spoken with.
const (
	startTLS    = "starttls"
	implicitTLS = "tls"
	unencrypted = "none"
)

// A mailServer takes messages for others (RFC 5321, RFC 6409).
type mailServer struct {
	host           string
	port           int
	encryption     string
	ca             string // a file; empty: the system's
	user, password string
}

func newMailServer(s *emailSettings, faults *Faults) mailServer {
	m := mailServer{s.Host, s.Port, s.Encryption, s.CA, s.User, s.Password}
	switch {
	case s.Host == "":
		faults.add("host", "missing", "write the name of the mail server")
	case strings.ContainsFunc(s.Host, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("/@[]", r) }) || strings.Contains(s.Host, ":") && net.ParseIP(s.Host) == nil:
		faults.add("host", strconv.Quote(s.Host)+" is no host's name", "write the name alone, such as smtp.lender.example; the port has a setting of its own")
	}
	ports := map[string]int{startTLS: 587, implicitTLS: 465, unencrypted: 25}
	usual, ok := ports[s.Encryption]
	if !ok {
		faults.add("encryption", strconv.Quote(s.Encryption)+" is no way to encrypt", `choose "starttls", "tls" or, for this machine only, "none"`)
	}
	if m.port == 0 {
		m.port = usual
	}
	if m.port < 0 || m.port > 65535 {
		faults.add("port", strconv.Itoa(m.port)+" is no port", "write a number from 1 to 65535")
	}
	if ip := net.ParseIP(s.Host); s.Encryption == unencrypted && s.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		faults.add("encryption", "without it, everybody on the way can read the messages", `choose "starttls" or "tls"; "none" is for a mail server at localhost`)
	}
	if (s.User == "") != (s.Password == "") {
		faults.add("password", "user and password belong together", "give both, or neither")
	}
	if s.CA != "" && !filepath.IsAbs(s.CA) {
		faults.add("ca", strconv.Quote(s.CA)+" is not a whole path", "write where it lies from the root or the drive on")
	}
	return m
}

// dial connects to the server, which without encryption must be on this machine.
func (m mailServer) dial(ctx context.Context, config *tls.Config) (net.Conn, error) {
	address := net.JoinHostPort(m.host, strconv.Itoa(m.port))
	if m.encryption == implicitTLS {
		return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if m.encryption == unencrypted && !conn.RemoteAddr().(*net.TCPAddr).IP.IsLoopback() {
		conn.Close()
		return nil, fmt.Errorf("%s is not this machine: choose an encryption", conn.RemoteAddr())
	}
	return conn, nil
}

// open greets the server, encrypts and logs in.
func (m mailServer) open(conn net.Conn, config *tls.Config) (*smtp.Client, error) {
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	c.SkipSMTPUTF8(true)
	if err := c.Hello(ownName(conn)); err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if m.encryption == startTLS {
		if offered, _ := c.Extension("STARTTLS"); !offered {
			return nil, errors.New("it does not offer STARTTLS, and nothing is sent without: choose the right port, or encryption tls")
		}
		if err := c.StartTLS(config); err != nil {
			return nil, fmt.Errorf("encrypt: %w", err)
		}
	}
	if m.user != "" {
		if err := m.logIn(c); err != nil {
			return nil, fmt.Errorf("log in as %s: %w", m.user, err)
		}
	}
	return c, nil
}

// logIn proves who we are, by what the server knows. The connection is
// encrypted or stays on this machine, so the password may be in it.
func (m mailServer) logIn(c *smtp.Client) error {
	_, offered := c.Extension("AUTH")
	ways := strings.Fields(strings.ToUpper(offered))
	for _, known := range []struct {
		name string
		auth smtp.Auth
	}{
		{"PLAIN", smtp.PlainAuth("", m.user, m.password, m.host, true)},
		{"LOGIN", smtp.LoginAuth(m.user, m.password, m.host, true)},
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(m.user, m.password)},
		{"SCRAM-SHA-1", smtp.ScramSHA1Auth(m.user, m.password)},
		{"CRAM-MD5", smtp.CRAMMD5Auth(m.user, m.password)},
	} {
		for _, way := range ways {
			if way == known.name {
				return c.Auth(known.auth)
			}
		}
	}
	return fmt.Errorf("it offers no way to log in that ppm knows, but %q: leave user and password out if it needs none", offered)
}

// trust returns whom the server's certificate must be from.
func (m mailServer) trust() (*tls.Config, error) {
	config := &tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12}
	if m.ca == "" {
		return config, nil
	}
	text, err := os.ReadFile(m.ca)
	if err != nil {
		return nil, fmt.Errorf("read whom to trust (ca): %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("there is no certificate in %s (ca)", m.ca)
	}
	return config, nil
}

// ownName is what we call ourselves: this machine's name if it is a whole one,
// else its address (RFC 5321, 4.1.3).
func ownName(conn net.Conn) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return name
	}
	ip := conn.LocalAddr().(*net.TCPAddr).IP
	if ip.To4() == nil {
		return "[IPv6:" + ip.String() + "]"
	}
	return "[" + ip.String() + "]"
}
