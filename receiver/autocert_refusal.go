package receiver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A refusal says in plain words why an authority issues no certificate.
type refusal struct {
	text string
	word string        // its own, for the first of its reasons (RFC 8555, 6.7)
	wait time.Duration // what it wants before it is asked again
}

func (r *refusal) Error() string { return r.text }

// longestRefusal is the longest that an authority can have us wait for.
const longestRefusal = 24 * time.Hour

// why returns err, with which the order ended, in plain words, and with what the
// authority had to say.
func (t *talk) why(err error, set AutocertSettings) error {
	t.mu.Lock()
	problems := slices.Clone(t.problems)
	t.mu.Unlock()
	authority := hostOf(set.Directory)
	if len(problems) == 0 {
		return unreachable(err, authority)
	}
	r := &refusal{word: problems[0].word()}
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.text(authority, set.Domain))
		r.wait = min(max(r.wait, p.wait), longestRefusal)
	}
	r.text = strings.Join(texts, "; and ")
	return r
}

// unreachable puts an error in words about which the authority said nothing.
func unreachable(err error, authority string) error {
	var untrusted *tls.CertificateVerificationError
	var network *url.Error
	switch {
	case errors.As(err, &untrusted):
		return fmt.Errorf("the certificate authority %s shows a certificate that this computer does not trust (%w): "+
			"for an authority of your own, name its root in receiver.tls.ca_root; else see whether the clock is right, and what reads along between here and there", authority, untrusted.Err)
	case errors.As(err, &network):
		return fmt.Errorf("the certificate authority %s cannot be reached (%w): see whether this computer may connect to that address", authority, network.Err)
	}
	return fmt.Errorf("the certificate authority %s gave no certificate: %s", authority, strings.TrimPrefix(err.Error(), "acme/autocert: "))
}

// ports are those at which an authority comes with its challenges.
var ports = map[string]string{"tls-alpn-01": "port 443", "http-01": "port 80"}

// text says what is the matter and what to do about it.
func (p problem) text(authority, domain string) string {
	port := ports[p.challenge]
	if port == "" {
		port = "its port"
	}
	var text string
	switch word := p.word(); word {
	case "connection":
		text = fmt.Sprintf("%s cannot reach this computer at %s, %s: let that port in through the firewall, and have the router forward it to ppm", authority, domain, port)
	case "dns":
		text = fmt.Sprintf("%s finds no address of %s: enter the name in the DNS, or correct receiver.tls.domain", authority, domain)
	case "tls", "incorrectResponse":
		text = fmt.Sprintf("what answers at %s, %s, is not this ppm: see where the name and the router lead, and that nothing on the way takes TLS apart", domain, port)
	case "unauthorized":
		text = fmt.Sprintf("%s finds something else at %s than this ppm (%s): see where the name and the router lead", authority, domain, port)
	case "caa":
		text = fmt.Sprintf("the DNS record CAA of %s does not let %s issue certificates: add it there, or choose another authority", domain, authority)
	case "rejectedIdentifier", "unsupportedIdentifier":
		text = fmt.Sprintf("%s issues no certificate for %s: correct receiver.tls.domain, or choose another authority", authority, domain)
	case "rateLimited":
		text = fmt.Sprintf("%s was asked too often for now, and ppm waits for as long as it wants", authority)
	case "externalAccountRequired":
		text = fmt.Sprintf("%s wants an account that was made with it beforehand, which ppm cannot use: choose another authority", authority)
	case "userActionRequired":
		text = fmt.Sprintf("%s wants somebody to act first: see %s", authority, p.Instance)
	case "serverInternal":
		text = fmt.Sprintf("%s is in trouble itself, and ppm tries again", authority)
	default:
		text = fmt.Sprintf("%s refuses (%s)", authority, word)
	}
	said := p.Detail
	for _, s := range p.Subproblems {
		said += "; " + s.Detail
	}
	if said == "" {
		return text
	}
	const longest = 400
	if len(said) > longest {
		said = strings.ToValidUTF8(said[:longest], "") + "…"
	}
	return fmt.Sprintf("%s. It says: %q", text, said) // quoted, for it may repeat what strangers sent it
}
