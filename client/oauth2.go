package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"processmanager/ppm"
)

// tokens are the access tokens that ppm gets as itself (client credentials, RFC
// 6749 section 4.4), one after the other. Each is used until a tenth of its life
// is left, or until it is refused.
type tokens struct {
	config *clientcredentials.Config
	http   *http.Client
	where  string // tokenURL as it can be shown

	lock  chan struct{} // of what follows; one can stop waiting for a channel
	token *oauth2.Token
	until time.Time // when to get another one; zero: when this one is refused
	known bool      // config.AuthStyle is right
}

func newTokens(s authSettings, client *http.Client) *tokens {
	return &tokens{
		config: &clientcredentials.Config{
			ClientID: s.ClientID, ClientSecret: s.ClientSecret, TokenURL: s.TokenURL, Scopes: strings.Fields(s.Scope),
		},
		http: client, where: shownAddress(s.TokenURL), lock: make(chan struct{}, 1),
	}
}

func (t *tokens) authorize(ctx context.Context, r *http.Request) error {
	select {
	case t.lock <- struct{}{}: // whoever comes meanwhile waits for the same token
	case <-ctx.Done():
		return fmt.Errorf("wait for an access token from %s: %w", t.where, ctx.Err())
	}
	defer func() { <-t.lock }()
	if t.token == nil || !t.until.IsZero() && !time.Now().Before(t.until) {
		asked := time.Now()
		token, err := t.get(context.WithValue(ctx, oauth2.HTTPClient, t.http))
		if err != nil {
			return t.refusal(err)
		}
		t.token, t.until = token, time.Time{}
		if !token.Expiry.IsZero() {
			t.until = asked.Add(token.Expiry.Sub(asked) * 9 / 10)
		}
	}
	t.token.SetAuthHeader(r)
	return nil
}

// get asks for a token, saying who we are in the header. Of a server that does
// not understand that (RFC 6749 section 2.3.1 lets none do so, but some do), it
// asks once more and says it in the body. The library can do the same by itself,
// but after any error, and then the second one hides the first.
func (t *tokens) get(ctx context.Context) (*oauth2.Token, error) {
	if t.known {
		return t.config.Token(ctx)
	}
	t.config.AuthStyle = oauth2.AuthStyleInHeader
	token, err := t.config.Token(ctx)
	if asksWho(err) {
		t.config.AuthStyle = oauth2.AuthStyleInParams
		if another, anotherErr := t.config.Token(ctx); !asksWho(anotherErr) {
			token, err = another, anotherErr
		}
	}
	t.known = err == nil
	return token, err
}

// asksWho reports whether a server has not understood who asks, or says that it
// does not know them.
func asksWho(err error) bool {
	var said *oauth2.RetrieveError
	if !errors.As(err, &said) || said.Response == nil {
		return false
	}
	switch said.Response.StatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized:
		return said.ErrorCode == "" || said.ErrorCode == "invalid_client" || said.ErrorCode == "invalid_request"
	}
	return false
}

func (t *tokens) refused(r *http.Request) bool {
	t.lock <- struct{}{}
	defer func() { <-t.lock }()
	if t.token == nil {
		return true // somebody else was told so before
	}
	held := &http.Request{Header: make(http.Header)}
	t.token.SetAuthHeader(held)
	if held.Header.Get("Authorization") == r.Header.Get("Authorization") {
		t.token = nil
	}
	return true
}

// refusal says why there is no token.
func (t *tokens) refusal(err error) error {
	var said *oauth2.RetrieveError
	if !errors.As(err, &said) || said.Response == nil {
		return fmt.Errorf("get an access token from %s: %w", t.where, cause(err))
	}
	status := said.Response.StatusCode
	words := fmt.Sprintf("it answered %d %s", status, http.StatusText(status))
	if code := brief([]byte(visible(said.ErrorCode))); code != "" {
		words += ", " + code
	}
	if status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden {
		words += ": are clientID, the secret clientSecret and scope right?"
	}
	err = fmt.Errorf("get an access token from %s: %s", t.where, words)
	if after := retryAfter(said.Response.Header, time.Now()); after > 0 {
		return ppm.LaterError{Err: err, After: after}
	}
	return err
}
