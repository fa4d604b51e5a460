package client

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// reserved are the headers that nobody can set, and why.
var reserved = map[string]string{
	"Host":                "it is the host of url",
	"Content-Length":      "it is counted",
	"Content-Type":        "it is the setting contentType",
	"Connection":          notThrough,
	"Keep-Alive":          notThrough,
	"Proxy-Authenticate":  notThrough,
	"Proxy-Authorization": notThrough,
	"Proxy-Connection":    notThrough,
	"Te":                  notThrough,
	"Trailer":             notThrough,
	"Transfer-Encoding":   notThrough,
	"Upgrade":             notThrough,
	"Expect":              notThrough,
}

const notThrough = "it is about the connection, which ppm looks after"

// newHeaders checks the headers given by the operator, and puts in the secret.
func newHeaders(given map[string]string, secret, auth string, faults *Faults) http.Header {
	const setting = "headers"
	h := make(http.Header)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value, canonical := given[name], textproto.CanonicalMIMEHeaderKey(name)
		why, isReserved := reserved[canonical]
		switch {
		case !isToken(name):
			faults.add(setting, strconv.Quote(name)+" is no name of a header", `write letters, digits and hyphens, such as "X-Api-Key"`)
		case isReserved:
			faults.add(setting, canonical+" cannot be set: "+why, "leave it out")
		case strings.HasPrefix(canonical, "Webhook-"):
			faults.add(setting, canonical+" cannot be set: it is a header of Standard Webhooks", "leave it out; the setting signed is for signatures")
		case canonical == "Authorization" && auth != "none":
			faults.add(setting, "Authorization is there, and auth is "+strconv.Quote(auth), "leave out one of them")
		case canonical == "Authorization" && !strings.Contains(value, secretMark):
			faults.add(setting, "Authorization would show a secret to whoever looks at the client", "write "+secretMark+" for it, and give it as a secret: --secret secret")
		case len(h.Values(canonical)) > 0:
			faults.add(setting, canonical+" is there twice", "leave out one of them")
		case strings.ContainsFunc(value, notInHeader):
			faults.add(setting, "the value of "+canonical+" has a line break or another character that no header can have", "leave it out")
		default:
			h.Set(canonical, strings.ReplaceAll(value, secretMark, secret))
		}
	}
	return h
}

// isToken reports whether s can be the name of a header (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// notInHeader reports whether r has no place in the value of a header: what is
// not ASCII is read in many ways.
func notInHeader(r rune) bool { return r < ' ' && r != '\t' || r > '~' }
