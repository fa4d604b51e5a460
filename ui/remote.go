package ui

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"processmanager/db"
)

// A Remote asks a running service over its local API what a [Store] would tell.
// Its methods may be called concurrently.
type Remote struct {
	base   string // "http://127.0.0.1:8484"
	token  string
	client *http.Client
}

var _ Store = (*Remote)(nil)

// ErrAway is returned when nobody answers at the dashboard's address, or
// somebody who is not the service that wrote the token.
var ErrAway = errors.New("the service does not answer")

// NewRemote returns the client of the service whose dashboard is at the given
// address. It refuses one that is not on this machine: the token goes there.
func NewRemote(dashboard, token string) (*Remote, error) {
	u, err := url.Parse(dashboard)
	if err != nil || u.Scheme != "http" || !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("%q is not the address of a dashboard on this machine", dashboard)
	}
	return &Remote{
		base:  "http://" + u.Host,
		token: token,
		client: &http.Client{
			// Neither a proxy nor a redirect may lead the token elsewhere.
			Transport:     &http.Transport{Proxy: nil, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Close lets go of the connections.
func (c *Remote) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// plainWait is how long to wait for an answer that is not streamed.
const plainWait = time.Minute

func (c *Remote) get(ctx context.Context, address string, q url.Values, v any) error {
	return c.ask(ctx, http.MethodGet, address, q, nil, v)
}

// change has something changed, in the name of by; v is what the answer is read
// into, nil where it tells nothing.
func (c *Remote) change(ctx context.Context, method, address, by string, order, v any) error {
	return c.ask(ctx, method, address, url.Values{"by": {by}}, order, v)
}

// ask sends order as JSON, if there is one, and reads the answer into v.
func (c *Remote) ask(ctx context.Context, method, address string, q url.Values, order, v any) error {
	ctx, cancel := context.WithTimeout(ctx, plainWait)
	defer cancel()
	body, err := c.do(ctx, method, address, q, order)
	if err != nil {
		return err
	}
	defer body.Close()
	if v == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(v); err != nil {
		return fmt.Errorf("read the service's answer: %w", err)
	}
	return nil
}

// wait is change for what may take long, and answers with one item.
func (c *Remote) wait(ctx context.Context, address, by string, order, v any) error {
	return c.stream(ctx, http.MethodPost, address, url.Values{"by": {by}}, order, func(l line) error {
		return l.into(v)
	})
}

// into reads the item of a line, if it has one.
func (l line) into(v any) error {
	if l.Item == nil {
		return nil
	}
	if err := json.Unmarshal(l.Item, v); err != nil {
		return fmt.Errorf("read the service's answer: %w", err)
	}
	return nil
}

func (c *Remote) stream(ctx context.Context, method, address string, q url.Values, order any, each func(line) error) error {
	body, err := c.do(ctx, method, address, q, order)
	if err != nil {
		return err
	}
	defer body.Close()
	for dec := json.NewDecoder(body); ; {
		var l line
		if err := dec.Decode(&l); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("the service broke off its answer: %w", err)
		}
		if l.Error != "" {
			return errors.New(l.Error)
		}
		if l.End {
			return nil
		}
		if err := each(l); err != nil {
			return err
		}
	}
}

// do returns the body of a good answer, or the fault the service told.
func (c *Remote) do(ctx context.Context, method, address string, q url.Values, order any) (io.ReadCloser, error) {
	var text []byte
	if order != nil {
		var err error
		if text, err = json.Marshal(order); err != nil {
			return nil, err
		}
	}
	to := c.base + "/api/v1/" + address
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if order != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	var f faulty
	if json.NewDecoder(io.LimitReader(answer.Body, 64<<10)).Decode(&f) != nil || f.Error == "" {
		return nil, fmt.Errorf("%w: something else answers at %s (%s)", ErrAway, c.base, answer.Status)
	}
	return nil, told(answer.StatusCode, f.Error)
}

// told turns a fault the service told back into what the store had said.
func told(status int, text string) error {
	switch status {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: it does not know this data folder's token", ErrAway)
	case http.StatusBadRequest:
		return Refusal{errors.New(text)}
	case http.StatusNotFound:
		return restored{text, db.ErrNotFound}
	case http.StatusConflict:
		return restored{text, db.ErrExists}
	case http.StatusServiceUnavailable:
		return restored{text, db.ErrUnavailable}
	}
	return errors.New(text)
}

// restored is an error that crossed the API: the words it was told in, and the
// fact that callers branch on.
type restored struct {
	text string
	fact error
}

func (e restored) Error() string { return strings.TrimSpace(e.text) }
func (e restored) Unwrap() error { return e.fact }
