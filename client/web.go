package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"processmanager/ppm"
)

// webSettings is what the kind "web" is told.
type webSettings struct {
	URL     string            `name:"url" help:"The address that notifications are posted to, on the internet or in the office. {secret} in its path or query stands for the secret of that name." example:"https://crm.example.com/hooks/ppm"`
	Method  string            `name:"method" default:"POST" help:"POST, PUT or PATCH." example:"PUT"`
	Headers map[string]string `name:"headers" help:"More headers. {secret} in a value stands for the secret of that name." example:"{\"X-Api-Key\":\"{secret}\"}"`
	Secret  string            `name:"secret" secret:"true" help:"What takes the place of {secret} in url and headers."`
	payloadSettings
	authSettings
	Signed        bool          `name:"signed" help:"Requests are signed as Standard Webhooks say, so that the receiver can tell that they are ppm's." example:"true"`
	SigningSecret string        `name:"signingSecret" secret:"true" help:"What requests are signed with: whsec_ and 24 to 64 random bytes in base64. Two with a space between while one takes the place of the other."`
	CA            string        `name:"ca" help:"A PEM file with certificates to trust beside those that this machine trusts." example:"C:\\ppm\\crm.pem"`
	Timeout       time.Duration `name:"timeout" default:"30s" help:"How long one attempt may take." example:"10s"`
}

// web is the way to a web address. It follows no redirects; it uses the proxy
// of the environment (HTTPS_PROXY, NO_PROXY), as other programs of the machine do.
type web struct {
	address string // with its secret
	shown   string // without any
	method  string
	agent   string
	headers http.Header
	auth    authorizer
	authBy  string
	payload payload
	signer  signer
	veil    veil
	timeout time.Duration
	http    *http.Client
}

func openWeb(c ppm.Client, settings any, o Options) (Way, Faults) {
	s := settings.(*webSettings)
	var faults Faults
	checkAddress(&faults, "url", s.URL)
	if !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, s.Method) {
		faults.add("method", strconv.Quote(s.Method)+" cannot be used", "choose POST, PUT or PATCH")
	}
	checkSecret(s, &faults)
	checkTimeout(&faults, s.Timeout)
	transport := newTransport(max(c.Concurrency, 1))
	transport.TLSClientConfig.RootCAs = trusted(s.CA, &faults)
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w := &web{
		address: withSecret(s.URL, s.Secret), shown: shownAddress(s.URL), method: s.Method, agent: "ppm/" + o.Version,
		headers: newHeaders(s.Headers, s.Secret, s.Auth, &faults),
		auth:    newAuthorizer(s.authSettings, client, &faults), authBy: s.Auth,
		payload: newPayload(s.payloadSettings, c.Data, &faults),
		signer:  newSigner(s.Signed, s.SigningSecret, &faults),
		veil:    newVeil(append(strings.Fields(s.SigningSecret), s.Secret, s.Password, s.Token, s.ClientSecret)...),
		timeout: s.Timeout, http: client,
	}
	return w, faults
}

func checkSecret(s *webSettings, faults *Faults) {
	used := strings.Contains(s.URL, secretMark)
	for _, value := range s.Headers {
		used = used || strings.Contains(value, secretMark)
	}
	switch {
	case used && s.Secret == "":
		faults.add("secret", "missing, for "+secretMark+" in url or headers", "give it as a secret: --secret secret")
	case !used && s.Secret != "":
		faults.add("secret", "not used", "write "+secretMark+" where it belongs in url or headers, or leave it out")
	case strings.ContainsFunc(s.Secret, notInHeader):
		faults.add("secret", "a line break or another character in it that no header can have", "leave it out")
	}
}

func newTransport(connections int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // nobody reads more of an answer than its beginning
	}
}

// trusted returns what this machine trusts and the certificates in file; nil,
// which is the former alone, if there is no file.
func trusted(file string, faults *Faults) *x509.CertPool {
	if file == "" {
		return nil
	}
	if !filepath.IsAbs(file) {
		faults.add("ca", strconv.Quote(file)+" does not say in which folder", "write the whole path of the file")
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		faults.add("ca", cause(err).Error(), "name a PEM file that the account of ppm may read")
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		faults.add("ca", "no certificate in "+file, `name a PEM file, which has "BEGIN CERTIFICATE" in it`)
	}
	return pool
}

// Deliver implements [Way].
func (w *web) Deliver(ctx context.Context, p ppm.Parcel) (ppm.Response, error) {
	body, err := w.payload.of(p)
	if err != nil {
		return ppm.Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	response, again, err := w.attempt(ctx, p.Key, body)
	if again {
		response, _, err = w.attempt(ctx, p.Key, body)
	}
	return response, err
}

// attempt makes one request. Again is whether another one, signed in anew,
// could go better.
func (w *web) attempt(ctx context.Context, key string, body []byte) (response ppm.Response, again bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := w.request(ctx, key, body)
	if err != nil {
		return response, false, w.hide(err, r)
	}
	got, err := w.http.Do(r)
	if err != nil {
		return response, false, w.hide(fmt.Errorf("%s %s: %w", w.method, w.shown, cause(err)), r)
	}
	defer got.Body.Close()
	response.Status = got.StatusCode
	slow := time.AfterFunc(maxReading, cancel)
	defer slow.Stop()
	response.Excerpt = w.excerpt(got, r)
	again = got.StatusCode == http.StatusUnauthorized && w.auth.refused(r)
	return response, again, w.hide(judge(got, w.shown, w.authBy, time.Now()), r)
}

func (w *web) request(ctx context.Context, key string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, w.method, w.address, bytes.NewReader(body))
	if err != nil {
		return nil, cause(err)
	}
	r.Header = w.headers.Clone()
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", w.agent)
	}
	r.Header.Set("Content-Type", w.payload.contentType)
	if err := w.signer.sign(r.Header, key, time.Now(), body); err != nil {
		return nil, err
	}
	return r, w.auth.authorize(ctx, r)
}

// How much is read of an answer: what is kept, what more so that the connection
// can be used again, and for how long.
const (
	maxExcerpt = 4 << 10
	maxDrained = 256 << 10
	maxReading = 5 * time.Second
)

// excerpt returns the beginning of an answer. One that breaks off is no fault:
// its status has been said.
func (w *web) excerpt(got *http.Response, r *http.Request) []byte {
	begin, err := io.ReadAll(io.LimitReader(got.Body, 2*maxExcerpt))
	if err == nil {
		_, _ = io.CopyN(io.Discard, got.Body, maxDrained)
	}
	authorization := r.Header.Get("Authorization")
	text := w.veil.over(string(begin), authorization)
	if len(begin) == 2*maxExcerpt { // what is read may end within a secret
		text = text[:max(0, len(text)-w.veil.longest(authorization))]
	}
	return []byte(text[:min(len(text), maxExcerpt)])
}

// hide returns err without secrets, should others have put one into it.
func (w *web) hide(err error, r *http.Request) error {
	if err == nil {
		return nil
	}
	authorization := ""
	if r != nil {
		authorization = r.Header.Get("Authorization")
	}
	said := err.Error()
	hidden := w.veil.over(said, authorization)
	if hidden == said {
		return err
	}
	var later ppm.LaterError
	var final ppm.PermanentError
	switch {
	case errors.As(err, &final):
		return ppm.PermanentError{Err: errors.New(hidden)}
	case errors.As(err, &later):
		return ppm.LaterError{Err: errors.New(hidden), After: later.After}
	}
	return errors.New(hidden)
}

// Close implements [Way].
func (w *web) Close() error {
	w.http.CloseIdleConnections()
	return nil
}
