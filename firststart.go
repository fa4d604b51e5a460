package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"processmanager/config"
)

// oneLineSample is the sample as it goes on a command line.
var oneLineSample = strings.Join(strings.Fields(sample), "")

// firstStart is what a person is told when the password has been made: the only
// time that it is seen.
func firstStart(here running, dir string, cfg config.Config, password string) string {
	return fmt.Sprintf(`
This is the first start. Everything is kept in %s

For a first try from this machine:

    address    %s
    user name  %s
    password   %s

Clearmatch signs in with the same name and password, but needs an address at
which this machine can be reached from outside: README.md tells how.

The password is shown this once; only what recognises it is kept. To set
another one: %[7]s config set receiver.password

To post Clearmatch's sample, paste one of these into another terminal.
Linux, macOS:

    %[5]s

Windows PowerShell:

    %[6]s

Then see what was kept: %[7]s list

`, dir, here.Receiver, here.Username, password, curl(here, cfg, password), powerShell(here, cfg, password), called(os.Args[0]))
}

// called returns how a person starts this program, whose file is path, again:
// what "go run" has built is in no folder that anybody knows.
func called(path string) string {
	if strings.TrimSuffix(filepath.Base(path), ".exe") == "processmanager" {
		return "go run ."
	}
	return "ppm"
}

// curl is a line for POSIX shells.
func curl(here running, cfg config.Config, password string) string {
	return strings.Join([]string{
		"curl", strings.Join(curlTrust(here, cfg, posixQuote), " "),
		"-u", posixQuote(here.Username + ":" + password),
		"-H", posixQuote("Content-Type: application/json"),
		"-d", posixQuote(oneLineSample), posixQuote(curlURL(here, cfg)),
	}, " ")
}

// powerShell is a line for Windows PowerShell 5.1 and PowerShell 7. Both differ
// in how a self-signed certificate is trusted and in how double quotes reach a
// program, so it is the curl.exe of Windows that posts, and the message goes by
// its standard input. curl.exe asks for revocation lists, which a self-signed
// certificate has not, and knows host names better than addresses.
func powerShell(here running, cfg config.Config, password string) string {
	return strings.Join([]string{
		powerShellQuote(oneLineSample), "| curl.exe --ssl-no-revoke",
		strings.Join(curlTrust(here, cfg, powerShellQuote), " "),
		"-u", powerShellQuote(here.Username + ":" + password),
		"-H", powerShellQuote("Content-Type: application/json"),
		"--data-binary", powerShellQuote("@-"),
		powerShellQuote(strings.Replace(curlURL(here, cfg), "https://127.0.0.1:", "https://localhost:", 1)),
	}, " ")
}

// curlTrust returns curl's options for the certificate: ppm's own is named, and
// one that is for a domain is asked for by that name, on this machine.
func curlTrust(here running, cfg config.Config, quote func(string) string) []string {
	if here.Certificate != "" {
		return []string{"--cacert", quote(here.Certificate)}
	}
	if host, port, ok := byDomain(here, cfg); ok {
		return []string{"--resolve", quote(cfg.Receiver.TLS.Domain + ":" + port + ":" + host)}
	}
	return []string{"--silent", "--show-error"}
}

// curlURL is the address that curl posts to.
func curlURL(here running, cfg config.Config) string {
	if _, port, ok := byDomain(here, cfg); ok {
		return "https://" + net.JoinHostPort(cfg.Receiver.TLS.Domain, port) + cfg.Receiver.Path
	}
	return here.Receiver
}

// byDomain reports whether the receiver shows a certificate for its domain
// alone, and where it listens.
func byDomain(here running, cfg config.Config) (host, port string, ok bool) {
	u, err := url.Parse(here.Receiver)
	if err != nil || u.Scheme != "https" || here.Certificate != "" || cfg.Receiver.TLS.Domain == "" {
		return "", "", false
	}
	return u.Hostname(), u.Port(), true
}

func posixQuote(s string) string { return `'` + strings.ReplaceAll(s, `'`, `'\''`) + `'` }

func powerShellQuote(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }
