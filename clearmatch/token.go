package clearmatch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"processmanager/ppm"
)

// tokens gets and keeps the token for the API.
type tokens struct {
	config clientcredentials.Config
	client *http.Client
	turn   chan struct{} // holds one while somebody looks at, or gets, token
	token  *oauth2.Token
}

func newTokens(s APISettings, client *http.Client) *tokens {
	return &tokens{client: client, turn: make(chan struct{}, 1), config: clientcredentials.Config{
		ClientID: s.ClientID, ClientSecret: s.ClientSecret, TokenURL: s.TokenURL, Scopes: strings.Fields(s.Scope),
	}}
}

// get returns a token that is good for a while, a new one if need be. Who asks
// meanwhile waits for the one that is under way.
func (t *tokens) get(ctx context.Context) (string, error) {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-t.turn }()
	if t.token.Valid() {
		return t.token.AccessToken, nil
	}
	token, err := t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
	if err != nil {
		return "", loginTrouble(err)
	}
	if !strings.EqualFold(token.Type(), "bearer") {
		return "", errors.New("the log-in gave a token that is not a bearer token; check clearmatch.token_url")
	}
	t.token = token
	return token.AccessToken, nil
}

// forget drops a token that was refused, unless another has taken its place.
func (t *tokens) forget(token string) {
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	if t.token != nil && t.token.AccessToken == token {
		t.token = nil
	}
}

// errorCode is what RFC 6749, 5.2 allows, kept to what is surely only a code.
var errorCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// loginTrouble puts a failure to get a token in words. What was answered is not
// repeated: it may echo the secret.
func loginTrouble(err error) error {
	var answered *oauth2.RetrieveError
	var unreached *url.Error
	switch {
	case errors.As(err, &unreached):
		return fmt.Errorf("log in at Clearmatch: %w", unreached.Err)
	case !errors.As(err, &answered):
		return errors.New("the log-in gave no token; check clearmatch.token_url")
	}
	r := answered.Response
	status := fmt.Sprintf("%d %s", r.StatusCode, http.StatusText(r.StatusCode))
	if errorCode.MatchString(answered.ErrorCode) {
		status += ", " + answered.ErrorCode
	}
	switch {
	case r.StatusCode == http.StatusUnauthorized || answered.ErrorCode == "invalid_client":
		err = fmt.Errorf("the log-in refused the client id or secret (%s); check clearmatch.client_id and clearmatch.client_secret", status)
	case answered.ErrorCode == "invalid_scope":
		err = fmt.Errorf("the log-in refused the scope (%s); check clearmatch.scope", status)
	default:
		err = fmt.Errorf("the log-in answered %s; check clearmatch.token_url", status)
	}
	if after := retryAfter(r.Header.Get("Retry-After"), time.Now()); after > 0 {
		return ppm.LaterError{Err: err, After: after}
	}
	return err
}
