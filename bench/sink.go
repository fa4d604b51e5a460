package main

import (
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A sink takes deliveries over HTTP as fast as this machine can.
type sink struct {
	url    string
	server *http.Server
	taken  atomic.Int64
	came   chan time.Time // when one came; nobody need listen
	done   sync.WaitGroup
}

func newSink() (*sink, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{url: "http://" + ln.Addr().String() + "/", came: make(chan time.Time, 1)}
	s.server = &http.Server{Handler: s}
	s.done.Go(func() { _ = s.server.Serve(ln) })
	return s, nil
}

// ServeHTTP takes one delivery.
func (s *sink) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	at := time.Now()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	s.taken.Add(1)
	select {
	case s.came <- at:
	default:
	}
}

func (s *sink) close() {
	s.server.Close()
	s.done.Wait()
}
