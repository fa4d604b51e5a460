package receiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A talk is what is said between an order and the authority. It ends with the
// order, and remembers what the authority had against it: autocert keeps to
// itself why a challenge failed.
type talk struct {
	ctx  context.Context
	end  context.CancelFunc
	next http.RoundTripper

	mu       sync.Mutex
	problems []problem
}

// A problem is a fault that the authority told of (RFC 7807).
type problem struct {
	Type        string `json:"type"`
	Detail      string `json:"detail"`
	Instance    string `json:"instance"` // for userActionRequired, where to read what to do
	Subproblems []struct {
		Detail string `json:"detail"`
	} `json:"subproblems"`

	challenge string        // that failed by it; empty: none
	wait      time.Duration // what the authority wants before it is asked again
}

const (
	longestReply = 1 << 20
	// longestPoll bounds how long the authority can have us wait in the middle
	// of an order, which nothing but a request can end.
	longestPoll = 5 * time.Second
)

var errTalkOver = errors.New("no answer in time")

func newTalk(ctx context.Context, next http.RoundTripper) *talk {
	t := &talk{next: next}
	t.ctx, t.end = context.WithCancel(ctx)
	context.AfterFunc(t.ctx, func() {
		if c, ok := next.(interface{ CloseIdleConnections() }); ok {
			c.CloseIdleConnections()
		}
	})
	return t
}

func (t *talk) over() bool { return t.ctx.Err() != nil }

// RoundTrip implements [http.RoundTripper].
func (t *talk) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.over() {
		return nil, errTalkOver
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	res, err := t.next.RoundTrip(r.WithContext(ctx))
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(res.Body, longestReply))
		res.Body.Close()
	}
	switch {
	case err != nil && t.over():
		return nil, errTalkOver
	case err != nil:
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	wait := waitWanted(res.Header, time.Now())
	if res.StatusCode < 300 && wait > longestPoll {
		res.Header.Set("Retry-After", strconv.Itoa(int(longestPoll/time.Second)))
	}
	t.hear(res, body, wait)
	return res, nil
}

// hear remembers the problems in a reply: one that is nothing else, those of an
// authorization's challenges, that of an order.
func (t *talk) hear(res *http.Response, body []byte, wait time.Duration) {
	var reply struct {
		problem
		Error      *problem `json:"error"`
		Challenges []struct {
			Type  string   `json:"type"`
			Error *problem `json:"error"`
		} `json:"challenges"`
	}
	if json.Unmarshal(body, &reply) != nil {
		return // a certificate, or a page of something in between
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	add := func(p problem, challenge string) {
		p.challenge, p.wait = challenge, wait
		for _, known := range t.problems {
			if known.Type == p.Type && known.Detail == p.Detail {
				return
			}
		}
		if p.word() != "badNonce" { // the client's affair
			t.problems = append(t.problems, p)
		}
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		add(reply.problem, "")
	}
	for _, c := range reply.Challenges {
		if c.Error != nil {
			add(*c.Error, c.Type)
		}
	}
	if reply.Error != nil {
		add(*reply.Error, "")
	}
}

// word is the last part of the type: "rateLimited" of "urn:ietf:params:acme:error:rateLimited".
func (p problem) word() string { return p.Type[strings.LastIndex(p.Type, ":")+1:] }

// waitWanted returns what the header Retry-After says (RFC 9110, 10.2.3).
func waitWanted(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(now)
	}
	return 0
}
