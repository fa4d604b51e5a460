//go:build linux

package main

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A grievance is the first of what must not be.
type grievance struct {
	mu  sync.Mutex
	err error
}

func (f *grievance) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *grievance) first() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func hostPort(receiver string) string {
	address, _, _ := strings.Cut(strings.TrimPrefix(receiver, "https://"), "/")
	return address
}

// begin lets so many slow connections come, and beside them those who guess and
// those who smuggle. stop waits until all are gone, which they are soon after
// s.ctx has ended.
func (s *strangers) begin(connections int) (stop func()) {
	var gone sync.WaitGroup
	every := func(f func(from net.IP, n int), n int) {
		gone.Go(func() {
			// The first tenth has the sender's own address.
			from := net.IPv4(127, 0, 0, 1+byte(n*10/max(connections, 10)))
			for s.ctx.Err() == nil {
				f(from, n)
			}
		})
	}
	for n := range connections {
		every(s.linger, n)
	}
	for n := range 8 { // three of them from the sender's own address
		every(s.guess, max(0, n-2)*connections/8)
	}
	for n := range framings {
		every(s.smuggle, n)
	}
	return gone.Wait
}

// dial opens a connection from that address, which ends with s.ctx at the latest.
func (s *strangers) dial(from net.IP) (conn net.Conn, done func(), err error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: 10 * time.Second}
	conn, err = d.DialContext(s.ctx, "tcp", s.address)
	if err != nil {
		s.rest(100 * time.Millisecond)
		return nil, nil, err
	}
	ended := make(chan struct{})
	go func() {
		select {
		case <-s.ctx.Done():
		case <-ended:
		}
		conn.Close()
	}()
	return conn, sync.OnceFunc(func() { close(ended) }), nil
}

func (s *strangers) rest(d time.Duration) {
	select {
	case <-s.ctx.Done():
	case <-time.After(d):
	}
}

// linger begins something on a connection and goes on as slowly as it can,
// until it is hung up on.
func (s *strangers) linger(from net.IP, n int) {
	conn, done, err := s.dial(from)
	if err != nil {
		return
	}
	defer done()
	s.open.Add(1)
	s.slow.Add(1)
	defer s.open.Add(-1)
	drip := "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 10_000)
	switch n % 4 {
	case 0: // nothing at all
		drip = ""
	case 1: // half a handshake
		drip = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
	case 2: // a header without end
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	case 3: // a body without end
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		head := "POST /notifications HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n"
		if _, err := io.WriteString(conn, head); err != nil {
			return
		}
		drip = strings.Repeat("x", 10_000)
	}
	hungUp := make(chan struct{})
	go func() {
		defer close(hungUp)
		_, _ = io.Copy(io.Discard, conn)
	}()
	for i := 0; ; i++ {
		if i < len(drip) {
			if _, err := io.WriteString(conn, drip[i:i+1]); err != nil {
				done()
				<-hungUp
				return
			}
		}
		select {
		case <-hungUp:
			return
		case <-time.After(700 * time.Millisecond):
		}
	}
}

// guess sends wrong passwords over one connection until it is hung up on.
func (s *strangers) guess(from net.IP, n int) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: 10 * time.Second}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DialContext: d.DialContext, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "https://"+s.address+"/notifications", strings.NewReader(`{"id":"guessed"}`))
	if err != nil {
		s.fault.report(err)
		return
	}
	r.SetBasicAuth(username, fmt.Sprintf("guess %d of %v", s.guesses.Load(), n))
	began := time.Now()
	res, err := client.Do(r)
	if err != nil {
		s.rest(20 * time.Millisecond)
		return
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusServiceUnavailable {
		s.fault.report(fmt.Errorf("a wrong password was answered %s", res.Status))
	}
	s.guesses.Add(1)
	if time.Since(began) >= time.Second {
		s.held.Add(1)
	}
	s.rest(5 * time.Millisecond)
}

// framings are headers by which two readers could see the end of a request in
// different places.
var framings = []string{
	"Content-Length: 5\r\nTransfer-Encoding: chunked",
	"Transfer-Encoding: chunked\r\nContent-Length: 5",
	"Content-Length: 0\r\nContent-Length: 5",
	"Content-Length: 0, 5",
	"Content-Length: +5",
	"Content-Length: 0x5",
	"Content-Length: 5 5",
	"Content-Length: 18446744073709551621",
	"Content-Length: -5",
	"Transfer-Encoding: xchunked",
	"Transfer-Encoding: chunked, identity",
	"Transfer-Encoding: identity\r\nContent-Length: 5",
	"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
	"Transfer-Encoding: \x0bchunked",
	"Transfer-Encoding : chunked",
	"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5",
	"Transfer-Encoding\t: chunked",
	"X: a\x00b\r\nContent-Length: 5",
	"X: a\rContent-Length: 5",
}

// smuggle sends a request that ends in two places, with one behind it that has
// the right password, as if it had got between Clearmatch and here. What is
// behind must be neither answered nor kept: the store is looked through later.
func (s *strangers) smuggle(from net.IP, n int) {
	conn, done, err := s.dial(from)
	if err != nil {
		return
	}
	defer done()
	inner := "POST /notifications HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " +
		base64.StdEncoding.EncodeToString([]byte(username+":"+password)) + "\r\nContent-Length: 2\r\n\r\n{}"
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	_ = secure.SetDeadline(time.Now().Add(8 * time.Second))
	text, err := exchange(secure, "POST /notifications HTTP/1.1\r\nHost: a\r\n"+framings[n]+"\r\n\r\n0\r\n\r\n"+inner)
	if s.ctx.Err() != nil || text == "" && err != nil {
		return // hung up on
	}
	if strings.Count(text, "HTTP/1.1 ") > 1 || !strings.HasPrefix(text, "HTTP/1.1 4") && !strings.HasPrefix(text, "HTTP/1.1 501") {
		s.fault.report(fmt.Errorf("%q was answered %q", framings[n], text))
	}
	s.smuggled.Add(1)
	s.rest(100 * time.Millisecond)
}

// exchange sends text and returns all that comes back.
func exchange(conn net.Conn, text string) (string, error) {
	if _, err := io.WriteString(conn, text); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	return string(answer), err
}
