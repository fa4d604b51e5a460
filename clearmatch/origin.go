package clearmatch

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// An origin is a scheme, a host with a port, and the beginning of a path.
type origin struct {
	scheme, host, port string
	prefix             string // "" or "/v1", without a slash at its end
}

func newOrigin(address string) (origin, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return origin{}, errors.New("the address of Clearmatch's API is not an address of the web")
	}
	return origin{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: portOf(u), prefix: strings.TrimRight(u.EscapedPath(), "/")}, nil
}

// admit returns the address as it may be asked for with our token, if it lies
// below o. What two readers could take for two places is refused: content comes
// from outside.
func (o origin) admit(content string) (*url.URL, error) {
	if content == "" {
		return nil, errors.New("the notification names no address of its application (content is empty)")
	}
	u, err := url.Parse(content)
	if err != nil || u.Opaque != "" {
		return nil, errors.New("content is not an address")
	}
	p := u.EscapedPath()
	switch {
	case u.Scheme != o.scheme || strings.ToLower(u.Hostname()) != o.host || portOf(u) != o.port:
		return nil, fmt.Errorf("content does not lie at Clearmatch's API, %s://%s:%s (clearmatch.api_base)", o.scheme, o.host, o.port)
	case u.User != nil:
		return nil, errors.New("content has a user name or password in its address")
	case u.Fragment != "" || strings.HasSuffix(content, "#"):
		return nil, errors.New("content has a # in its address")
	case u.RawPath != "" || strings.ContainsAny(u.Path, `\%;`) || strings.ContainsFunc(u.Path, odd):
		return nil, errors.New("content has a path that could be read in more than one way")
	case path.Clean("/"+p) != strings.TrimSuffix(p, "/") && p != "/":
		return nil, errors.New("content has a path that leads elsewhere (.. or // in it)")
	case !strings.HasPrefix(p, o.prefix+"/"):
		return nil, fmt.Errorf("content does not lie below %s of Clearmatch's API (clearmatch.api_base)", o.prefix+"/")
	}
	return u, nil
}

// odd reports whether c has no business in a path.
func odd(c rune) bool { return c <= ' ' || c >= 0x7f }

// portOf returns u's port, with the scheme's own where none is named.
func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}
