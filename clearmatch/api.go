package clearmatch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"processmanager/ppm"
)

// APISettings say how to reach Clearmatch's REST API; all but Scope are required.
type APISettings struct {
	Base         string // everything fetched lies below this address
	TokenURL     string // where OAuth2's client credentials (RFC 6749, 4.4) get a token
	ClientID     string
	ClientSecret string
	Scope        string

	Resolver *net.Resolver  // nil: the system's
	Roots    *x509.CertPool // nil: the system's
}

// MaxData is the most of an application's data that is taken, in bytes, after
// decompression.
const MaxData = 10 << 20

// fetchTimeout is for one request, the reading of its answer included.
const fetchTimeout = 30 * time.Second

// An API fetches applications from Clearmatch's REST API. The token for it goes
// to addresses below the configured one only, whatever a notification says and
// whatever is answered. Its methods may be called concurrently.
type API struct {
	origin origin
	token  *tokens
	client *http.Client
}

// NewAPI returns the API; it connects to nothing.
func NewAPI(s APISettings) (*API, error) {
	base, err := newOrigin(s.Base)
	if err != nil {
		return nil, err
	}
	if _, err := newOrigin(s.TokenURL); err != nil {
		return nil, err
	}
	client := outgoing(s)
	return &API{origin: base, token: newTokens(s, client), client: client}, nil
}

// Close lets go of idle connections.
func (a *API) Close() error {
	a.client.CloseIdleConnections()
	return nil
}

// Fetch returns what is at content, the address that a notification gives. An
// address that is not below the configured one, and what the API says is not
// there (404, 410), is a [ppm.PermanentError]; where it says when to come back,
// a [ppm.LaterError]. Errors hold nothing of what was answered.
func (a *API) Fetch(ctx context.Context, content string) ([]byte, error) {
	u, err := a.origin.admit(content)
	if err != nil {
		return nil, ppm.PermanentError{Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	token, err := a.token.get(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := a.get(ctx, u, token)
	if err == nil && answer.StatusCode == http.StatusUnauthorized {
		// It may have been withdrawn before its time.
		answer.Body.Close()
		a.token.forget(token)
		if token, err = a.token.get(ctx); err != nil {
			return nil, err
		}
		answer, err = a.get(ctx, u, token)
	}
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if err := verdict(answer); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, MaxData+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the API broke off its answer: %w", bare(err))
	case len(data) > MaxData:
		return nil, ppm.PermanentError{Err: fmt.Errorf("the application's data is larger than %d MiB", MaxData>>20)}
	}
	return data, nil
}

func (a *API) get(ctx context.Context, u *url.URL, token string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, ppm.PermanentError{Err: errors.New("the address in content cannot be asked for")}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "ppm")
	answer, err := a.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask Clearmatch's API at %s: %w", u.Host, bare(err))
	}
	return answer, nil
}

// verdict puts what the API answered in words; nil where there is data.
func verdict(answer *http.Response) error {
	status := fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	var err error
	switch code := answer.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusNotFound, code == http.StatusGone:
		return ppm.PermanentError{Err: fmt.Errorf("the API does not have this application (%s)", status)}
	case code == http.StatusUnauthorized:
		err = fmt.Errorf("the API refused a fresh token (%s); ask Clearmatch whether this client id may read applications", status)
	case code == http.StatusForbidden:
		err = fmt.Errorf("the API does not let this client id read the application (%s)", status)
	case code >= 300 && code < 400:
		err = fmt.Errorf("the API answered that it has moved (%s), which is not followed; check clearmatch.api_base", status)
	default:
		err = fmt.Errorf("the API answered %s", status)
	}
	if after := retryAfter(answer.Header.Get("Retry-After"), time.Now()); after > 0 {
		return ppm.LaterError{Err: err, After: after}
	}
	return err
}

// retryAfter reads the header of that name: seconds, or a time (RFC 9110, 10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	const most = 24 * time.Hour
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, most)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, min(at.Sub(now), most))
	}
	return 0
}

// bare returns err without the address that net/http puts in front of it: it
// may hold what nobody should read in a log.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
