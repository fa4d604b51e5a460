package client

import (
	"cmp"
	"encoding/base64"
	"html"
	"net/url"
	"slices"
	"strings"
)

// A veil hides secrets in what others said, such as a page that shows the
// headers of the request it could not understand. It has each secret as it may
// be written there, the longest first.
type veil []string

// shortestHidden is the length of the shortest secret that is hidden. Hiding
// shorter ones would tear holes into words, and tell the secret by them.
const shortestHidden = 6

func newVeil(secrets ...string) veil {
	var v veil
	for _, s := range secrets {
		for _, written := range []string{s, url.QueryEscape(s), url.PathEscape(s), html.EscapeString(s), jsonInside(s)} {
			if len(written) >= shortestHidden {
				v = append(v, written)
			}
		}
	}
	slices.SortFunc(v, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	return slices.Compact(v)
}

// over returns text with every secret hidden, and the credentials of a header
// Authorization.
func (v veil) over(text, authorization string) string {
	for _, secret := range v.with(authorization) {
		if len(secret) >= shortestHidden {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}

// longest returns the length of the longest text that over hides.
func (v veil) longest(authorization string) int {
	length := 0
	for _, secret := range v.with(authorization) {
		length = max(length, len(secret))
	}
	return length
}

func (v veil) with(authorization string) veil {
	_, credentials, _ := strings.Cut(authorization, " ")
	return append(veil{credentials}, v...)
}

// basic returns the header Authorization of basic authentication (RFC 7617).
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
