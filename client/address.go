package client

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// secretMark is where the secret goes in an address and in headers.
const secretMark = "{secret}"

// withSecret returns an address with its secret in place, written as that part
// of an address wants it.
func withSecret(address, secret string) string {
	path, query, hasQuery := strings.Cut(address, "?")
	address = strings.ReplaceAll(path, secretMark, url.PathEscape(secret))
	if hasQuery {
		address += "?" + strings.ReplaceAll(query, secretMark, url.QueryEscape(secret))
	}
	return address
}

// checkAddress says what is wrong with an address. Its host may be anywhere, also
// on the local network: the address is the operator's.
func checkAddress(faults *Faults, setting, address string) {
	remedy := `write it like "https://crm.example.com/hooks/ppm"`
	u, err := url.Parse(withSecret(address, "secret"))
	var wrong *url.Error
	if errors.As(err, &wrong) {
		err = wrong.Err
	}
	switch {
	case address == "":
		faults.add(setting, "missing", remedy)
		return
	case strings.ContainsFunc(address, unicode.IsControl):
		faults.add(setting, "a line break or another control character in it", remedy)
		return
	case err != nil && strings.ContainsAny(address, "@?"):
		faults.add(setting, "no address", remedy) // its words could be of a password
		return
	case err != nil:
		faults.add(setting, "no address: "+err.Error(), remedy)
		return
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://"), "/")
	port, portErr := strconv.Atoi(u.Port())
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		faults.add(setting, "it does not begin with https:// or http://", remedy)
	case u.Hostname() == "":
		faults.add(setting, "no host in it", remedy)
	case strings.Contains(host, secretMark):
		faults.add(setting, "a secret in the name of the host", "put "+secretMark+" into the path or the query")
	case u.User != nil:
		faults.add(setting, "a user name in it", `leave it out: write "basic" for auth, and give user and the secret password`)
	case u.Fragment != "":
		faults.add(setting, "a part after #, which never leaves a browser", "leave it out")
	case u.Port() != "" && (portErr != nil || port < 1 || port > 65535):
		faults.add(setting, fmt.Sprintf("port %s does not exist", u.Port()), remedy)
	}
}

// shownAddress returns an address as it may be shown: without user and query,
// which may be secret.
func shownAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "its address"
	}
	shown := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	return strings.ReplaceAll(shown, url.PathEscape(secretMark), secretMark)
}
