package client

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// authSettings is what a web address is told about how to sign in.
type authSettings struct {
	Auth         string `name:"auth" default:"none" help:"How ppm signs in: \"none\", \"basic\" with user and password, \"bearer\" with a token, or \"oauth2\" with a token that it gets from tokenURL by client credentials." example:"basic"`
	User         string `name:"user" help:"The user name, for auth basic." example:"ppm"`
	Password     string `name:"password" secret:"true" help:"The password, for auth basic."`
	Token        string `name:"token" secret:"true" help:"The token, for auth bearer."`
	TokenURL     string `name:"tokenURL" help:"Where tokens are given out, for auth oauth2." example:"https://sso.example.com/oauth2/token"`
	ClientID     string `name:"clientID" help:"Who ppm is there, for auth oauth2." example:"ppm"`
	ClientSecret string `name:"clientSecret" secret:"true" help:"What proves it, for auth oauth2."`
	Scope        string `name:"scope" help:"What to ask for, for auth oauth2: words with spaces between. May be left out." example:"webhooks.write"`
}

// An authorizer signs requests in. It may be used concurrently.
type authorizer interface {
	// authorize adds what proves who sends r.
	authorize(ctx context.Context, r *http.Request) error

	// refused is told that r was answered 401, and reports whether another
	// request could be signed in with something better.
	refused(r *http.Request) bool
}

// fixed is a header Authorization that is always the same; "" is none.
type fixed string

func (f fixed) authorize(_ context.Context, r *http.Request) error {
	if f != "" {
		r.Header.Set("Authorization", string(f))
	}
	return nil
}

func (fixed) refused(*http.Request) bool { return false }

// uses says which settings each way to sign in needs, and which it can do without.
var uses = map[string]struct{ needs, takes []string }{
	"none":   {},
	"basic":  {needs: []string{"user", "password"}},
	"bearer": {needs: []string{"token"}},
	"oauth2": {needs: []string{"tokenURL", "clientID", "clientSecret"}, takes: []string{"scope"}},
}

// newAuthorizer checks s. The client is how to reach the address where tokens are
// given out.
func newAuthorizer(s authSettings, client *http.Client, faults *Faults) authorizer {
	use, known := uses[s.Auth]
	if !known {
		faults.add("auth", strconv.Quote(s.Auth)+" is no way to sign in", `choose "none", "basic", "bearer" or "oauth2"`)
		return fixed("")
	}
	before := len(*faults)
	for f := range fields(&s) {
		text := f.value.String()
		needed := slices.Contains(use.needs, f.Name)
		switch {
		case f.Name == "auth":
		case needed && text == "" && f.Secret:
			faults.add(f.Name, "missing, for auth "+strconv.Quote(s.Auth), "give it as a secret: --secret "+f.Name)
		case needed && text == "":
			faults.add(f.Name, "missing, for auth "+strconv.Quote(s.Auth), "write "+wanted(f))
		case !needed && text != "" && !slices.Contains(use.takes, f.Name):
			faults.add(f.Name, "not used, because auth is "+strconv.Quote(s.Auth), "leave it out, or choose another auth")
		case strings.ContainsFunc(text, unicode.IsControl):
			faults.add(f.Name, "a line break or another control character in it", "leave it out")
		}
	}
	if strings.Contains(s.User, ":") {
		faults.add("user", "a colon in it, where basic authentication cannot have one", "leave the colon out")
	}
	if strings.ContainsFunc(s.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		faults.add("token", "a space or a letter in it that no token has", `give the token alone, without "Bearer" before it`)
	}
	if s.TokenURL != "" {
		checkAddress(faults, "tokenURL", s.TokenURL)
	}
	if len(*faults) > before {
		return fixed("")
	}
	switch s.Auth {
	case "basic":
		return fixed(basic(s.User, s.Password))
	case "bearer":
		return fixed("Bearer " + s.Token)
	case "oauth2":
		return newTokens(s, client)
	}
	return fixed("")
}
