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
	"strconv"
	"strings"
	"time"

	"processmanager/db"
	"processmanager/ppm"
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

// Status returns what the service tells of itself.
func (c *Remote) Status(ctx context.Context) (st Status, err error) {
	return st, c.get(ctx, "status", nil, &st)
}

// List returns a page of the notifications.
func (c *Remote) List(ctx context.Context, p ppm.Page) ([]ppm.Record, error) {
	var page records
	err := c.get(ctx, "notifications", pageQuery(p), &page)
	return page.Notifications, err
}

// Find returns one notification.
func (c *Remote) Find(ctx context.Context, r ppm.Receipt) (d ppm.Detail, err error) {
	return d, c.get(ctx, "notifications/"+url.PathEscape(string(r)), nil, &d)
}

// Search returns a page of the notifications in which every word of text occurs.
func (c *Remote) Search(ctx context.Context, text string, p ppm.Page) ([]ppm.Record, int64, error) {
	q := pageQuery(p)
	q.Set("text", text)
	var page records
	err := c.get(ctx, "search", q, &page)
	return page.Notifications, page.Behind, err
}

// Rejections returns what could not be used, without the bodies.
func (c *Remote) Rejections(ctx context.Context, before int64, limit int) ([]ppm.Rejection, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	var page rejections
	err := c.get(ctx, "rejections", q, &page)
	return page.Rejections, err
}

// Rejection returns one of them with its body.
func (c *Remote) Rejection(ctx context.Context, id int64) (r ppm.Rejection, err error) {
	return r, c.get(ctx, "rejections/"+strconv.FormatInt(id, 10), nil, &r)
}

// Export does what [Export] does, as one streamed answer.
func (c *Remote) Export(ctx context.Context, e Exports, yield func(Exported) error) error {
	q := url.Values{"body": {strconv.FormatBool(e.Body)}}
	if !e.Since.IsZero() {
		q.Set("since", e.Since.Format(time.RFC3339Nano))
	}
	return c.stream(ctx, http.MethodGet, "export", q, nil, func(l line) error {
		if l.Exported == nil {
			return nil
		}
		return yield(*l.Exported)
	})
}

// Backup has the service write a copy to path, a whole path on this machine.
func (c *Remote) Backup(ctx context.Context, path string, progress func(done, total int)) error {
	order, err := json.Marshal(backupOrder{To: path})
	if err != nil {
		return err
	}
	return c.stream(ctx, http.MethodPost, "backup", nil, order, func(l line) error {
		if progress != nil && l.Done != nil && l.Total != nil {
			progress(*l.Done, *l.Total)
		}
		return nil
	})
}

func pageQuery(p ppm.Page) url.Values {
	q := url.Values{"limit": {strconv.Itoa(p.Limit)}}
	if p.After != "" {
		q.Set("after", string(p.After))
	}
	if p.OldestFirst {
		q.Set("order", "oldest")
	}
	return q
}

// plainWait is how long to wait for an answer that is not streamed.
const plainWait = time.Minute

func (c *Remote) get(ctx context.Context, address string, q url.Values, v any) error {
	ctx, cancel := context.WithTimeout(ctx, plainWait)
	defer cancel()
	body, err := c.do(ctx, http.MethodGet, address, q, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(v); err != nil {
		return fmt.Errorf("read the service's answer: %w", err)
	}
	return nil
}

func (c *Remote) stream(ctx context.Context, method, address string, q url.Values, order []byte, each func(line) error) error {
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
func (c *Remote) do(ctx context.Context, method, address string, q url.Values, order []byte) (io.ReadCloser, error) {
	to := c.base + "/api/v1/" + address
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(order))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
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
	case http.StatusNotFound:
		return restored{text, db.ErrNotFound}
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
