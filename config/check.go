package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// check returns everything that is wrong with the values of c, without the
// places they come from.
func (c Config) check() Faults {
	var fs Faults
	fault := func(key, problem, remedy string) {
		fs.add(key, complaint{problem, remedy}, Origin{})
	}
	c.Receiver.check(fault)
	c.Receiver.TLS.check(fault)
	c.Dashboard.check(fault, c.Receiver)
	c.Clearmatch.check(fault)
	c.Store.check(fault)
	c.Backup.check(fault)
	checkDays(fault, "retention.bodies_days", c.Retention.BodiesDays)
	checkDays(fault, "retention.dead_letters_days", c.Retention.DeadLettersDays)
	return fs
}

type faultFunc func(key, problem, remedy string)

func (r Receiver) check(fault faultFunc) {
	if host, _, ok := hostPort(r.Listen); !ok {
		fault("receiver.listen", quote(r.Listen)+" is not an address and port", `write it like "127.0.0.1:8443", or ":443" for every address of this machine`)
	} else if r.TLS.Mode == ModeProxy && !loopback(host) {
		fault("receiver.listen", `reachable from other machines, but receiver.tls.mode "proxy" receives without encryption`,
			`write "127.0.0.1:8443" and let the proxy on this machine pass on to it`)
	}
	if !plainPath.MatchString(r.Path) || path.Clean(r.Path) != strings.TrimSuffix(r.Path, "/") && r.Path != "/" {
		fault("receiver.path", quote(r.Path)+" is not a plain path", `write it like "/notifications": a slash first; letters, digits and -._~ between slashes; no query`)
	}
	switch {
	case r.Username == "":
		fault("receiver.username", "empty", "write the user name that Clearmatch signs in with")
	case strings.Contains(r.Username, ":"):
		fault("receiver.username", "a colon in it, where basic authentication cannot have one", "leave the colon out")
	case controls(r.Username):
		fault("receiver.username", "a line break or another control character in it", "leave it out")
	}
	checkPassword(fault, "receiver.password", r.Password)
	checkPassword(fault, "receiver.previous_password", r.PreviousPassword)
	checkCount(fault, "receiver.max_connections", r.MaxConnections)
	checkCount(fault, "receiver.max_connections_per_address", r.MaxConnectionsPerAddress)
}

func (t TLS) check(fault faultFunc) {
	switch t.Mode {
	case ModeSelfSigned, ModeProxy:
	case ModeFiles:
		switch {
		case t.Cert == "":
			fault("receiver.tls.cert", `empty, but receiver.tls.mode is "files"`, "write the path of the certificate (PEM or PFX)")
		case !t.PFX() && t.Key == "":
			fault("receiver.tls.key", `empty, but receiver.tls.mode is "files"`, "write the path of the key that belongs to the certificate")
		}
	case ModeAutocert:
		fault("receiver.tls.mode", `"autocert" is not in this version`, `write "files" with a certificate of your own, or "self-signed"`)
	default:
		fault("receiver.tls.mode", quote(t.Mode)+" is none of them", `write "self-signed", "files" or "proxy"`)
	}
	checkPath(fault, "receiver.tls.cert", t.Cert)
	checkPath(fault, "receiver.tls.key", t.Key)
	if t.Domain != "" && (!hostName.MatchString(t.Domain) || len(t.Domain) > 253) {
		fault("receiver.tls.domain", quote(t.Domain)+" is not a host name", `write it like "ppm.example.com", without https:// and without a port`)
	}
}

func (d Dashboard) check(fault faultFunc, r Receiver) {
	host, port, ok := hostPort(d.Listen)
	switch {
	case !ok:
		fault("dashboard.listen", quote(d.Listen)+" is not an address and port", `write it like "127.0.0.1:8484"`)
		return
	case !loopback(host):
		fault("dashboard.listen", "reachable from other machines", `write "127.0.0.1:`+port+`": the dashboard is for this machine only`)
		return
	}
	rhost, rport, ok := hostPort(r.Listen)
	if ok && port == rport && port != "0" && (host == rhost || wildcard(rhost)) {
		fault("dashboard.listen", "the same port as receiver.listen", `write another one, such as "127.0.0.1:8484"`)
	}
}

func (c Clearmatch) check(fault faultFunc) {
	checkURL(fault, "clearmatch.api_base", c.APIBase, "https://api.clearmatch.example/v1")
	checkURL(fault, "clearmatch.token_url", c.TokenURL, "https://sso.clearmatch.example/token")
	if c.APIBase == "" {
		return
	}
	for _, needed := range []struct{ key, value, what string }{
		{"clearmatch.token_url", c.TokenURL, "the address that gives out its tokens"},
		{"clearmatch.client_id", c.ClientID, "the client id that Clearmatch gave you"},
		{"clearmatch.client_secret", c.ClientSecret.Reveal(), "the secret that goes with the client id"},
	} {
		if needed.value == "" {
			fault(needed.key, "empty, but the API needs it", "write "+needed.what+", and clearmatch.api_base last")
		}
	}
}

func (s Store) check(fault faultFunc) {
	u := s.URL.Reveal()
	switch {
	case u == "":
	case strings.HasPrefix(u, "postgres://") || strings.HasPrefix(u, "postgresql://"):
		fault("store.url", "PostgreSQL is not in this version", `write "": notifications are then kept in the data folder`)
	default:
		fault("store.url", "not an address of a store", `write "": notifications are then kept in the data folder`)
	}
}

func (b Backup) check(fault faultFunc) {
	if _, ok := b.Time(); !ok && b.Daily != "" {
		fault("backup.daily", quote(b.Daily)+" is not a time of day", `write it like "02:10", or "" for none`)
	}
	checkPath(fault, "backup.folder", b.Folder)
	checkCount(fault, "backup.keep", b.Keep)
	checkPassword(fault, "backup.passphrase", b.Passphrase)
	if n := len(b.Passphrase.Reveal()); n > 0 && n < minPassphrase {
		fault("backup.passphrase", "short enough to be guessed", fmt.Sprintf("write at least %d characters", minPassphrase))
	}
}

// minPassphrase is how long a passphrase must be, in bytes: who has a backup may
// try as many as he likes.
const minPassphrase = 12

func checkPassword(fault faultFunc, key string, password Secret) {
	if controls(password.Reveal()) {
		fault(key, "a line break or another control character in it", "leave it out")
	}
}

// checkPath wants an absolute path: a service starts in a folder of the system's choosing.
func checkPath(fault faultFunc, key, file string) {
	if file != "" && !filepath.IsAbs(file) {
		fault(key, quote(file)+" is only a part of a path", "write the whole path, from the drive or the first slash on")
	}
}

func checkCount(fault faultFunc, key string, n int) {
	if n < 1 || n > 65535 {
		fault(key, fmt.Sprintf("%d is out of bounds", n), "write a number from 1 to 65535")
	}
}

func checkDays(fault faultFunc, key string, n int) {
	if n < 0 || n > 36500 {
		fault(key, fmt.Sprintf("%d is out of bounds", n), "write a number of days up to 36500, or 0 for ever")
	}
}

// checkURL does not repeat the address: it may hold a password.
func checkURL(fault faultFunc, key, address, example string) {
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		fault(key, "not an address of the web", "write it like "+quote(example))
	case u.User != nil:
		fault(key, "a user name or password in the address", "leave out what stands before the @")
	case u.Fragment != "":
		fault(key, "a # in the address", "leave out the # and what follows")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		fault(key, "not encrypted", "begin it with https://")
	case u.Scheme != "https" && u.Scheme != "http":
		fault(key, "not an address of the web", "begin it with https://")
	}
}

var (
	plainPath = regexp.MustCompile(`^/[A-Za-z0-9._~/-]*$`)
	hostName  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
)

// hostPort splits an address to listen on. The host may be missing, the port may be 0.
func hostPort(address string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", "", false
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !hostName.MatchString(host) {
		return "", "", false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return host, strconv.FormatUint(n, 10), err == nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

func wildcard(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.Unmap().IsUnspecified()
}

func controls(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

func extension(file string) string { return strings.ToLower(filepath.Ext(file)) }

func quote(s string) string { return strconv.Quote(s) }
