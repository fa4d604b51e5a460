//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A load says how the senders of a feed behave.
type load struct {
	senders int
	again   float64       // the share of redeliveries
	size    func() int    // of the next body; nil: as small as they come
	reuse   bool          // keep connections open, as Clearmatch's sender does
	pace    time.Duration // how long each rests after a post
	// patience is how long to wait for an answer; 0: a minute
	patience time.Duration
}

// usual is the load of most checks.
var usual = load{senders: 16, reuse: true, size: mixed}

// mixed returns sizes as they come in practice: small, and now and then 4 KiB.
func mixed() int {
	if rand.IntN(20) == 0 {
		return 4 << 10
	}
	return 0
}

// A feed is a number of senders posting to one receiver until they are stopped.
type feed struct {
	load
	oracle *oracle
	url    string
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	acknowledged atomic.Int64 // 200
	refused      atomic.Int64 // 503
	broken       atomic.Int64 // no answer
	bytes        atomic.Int64 // of the bodies acknowledged
	slowest      atomic.Int64 // answer of any kind, in nanoseconds

	mu    sync.Mutex
	fault error // the first answer that must not be
}

// feed starts the senders of ld against the receiver at url.
func (l *lab) feed(url string, o *oracle, ld load) *feed {
	f := &feed{load: ld, oracle: o, url: url}
	f.ctx, f.cancel = context.WithCancel(l)
	for range ld.senders {
		f.done.Go(f.send)
	}
	return f
}

// stop lets the senders finish what they have begun, and returns the first
// answer that must not be.
func (f *feed) stop() error {
	f.cancel()
	f.done.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

// send is one sender, with a connection of its own.
func (f *feed) send() {
	client := f.client()
	defer client.CloseIdleConnections()
	for f.ctx.Err() == nil {
		if !f.post(client, f.pick()) {
			// Whatever is wrong, it is not mended by asking as fast as we can.
			f.rest(between(2*time.Millisecond, 20*time.Millisecond))
		} else if f.pace > 0 {
			f.rest(f.pace)
		}
	}
}

// pick returns what to post next.
func (f *feed) pick() post {
	size := 0
	if f.size != nil {
		size = f.size()
	}
	if rand.Float64() < f.again {
		if p, ok := f.oracle.again(); ok {
			return p
		}
	}
	return f.oracle.next(size)
}

func (f *feed) rest(d time.Duration) {
	select {
	case <-f.ctx.Done():
	case <-time.After(d):
	}
}

// client returns a client with connections of its own.
func (f *feed) client() *http.Client {
	return &http.Client{
		Timeout: cmp.Or(f.patience, time.Minute),
		Transport: &http.Transport{
			// The certificate was made by the program a moment ago, and this is the loopback.
			TLSClientConfig:    &tls.Config{InsecureSkipVerify: true},
			DisableKeepAlives:  !f.reuse,
			DisableCompression: true,
		},
	}
}

// post makes p and tells the oracle; false if there was no acknowledgement.
func (f *feed) post(client *http.Client, p post) bool {
	// Not f.ctx: what has begun is seen through to its answer.
	req, err := http.NewRequest(http.MethodPost, f.url, bytes.NewReader(p.body()))
	if err != nil {
		f.report(err)
		return false
	}
	req.SetBasicAuth(username, password)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	began := time.Now()
	res, err := client.Do(req)
	if err != nil {
		f.broken.Add(1)
		return false
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	f.took(time.Since(began))
	switch res.StatusCode {
	case http.StatusOK:
		f.acknowledged.Add(1)
		f.bytes.Add(req.ContentLength)
		var a *answer
		if err == nil {
			a = new(answer)
			if err := json.Unmarshal(text, a); err != nil {
				f.report(fmt.Errorf("a 200 with the body %q: %w", text, err))
			}
		}
		if err := f.oracle.acknowledged(p, a); err != nil {
			f.report(err)
		}
		return true
	case http.StatusServiceUnavailable:
		f.refused.Add(1)
		if res.Header.Get("Retry-After") == "" {
			f.report(fmt.Errorf("a 503 without Retry-After: %q", text))
		}
	default:
		f.report(fmt.Errorf("notification %d was answered %s: %q", p.n, res.Status, text))
	}
	return false
}

func (f *feed) took(d time.Duration) {
	for {
		slowest := f.slowest.Load()
		if int64(d) <= slowest || f.slowest.CompareAndSwap(slowest, int64(d)) {
			return
		}
	}
}

func (f *feed) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil {
		f.fault = err
	}
}
