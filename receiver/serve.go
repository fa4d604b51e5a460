package receiver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	headerTime = 10 * time.Second // for the handshake, and for a request's header
	readTime   = 30 * time.Second // for a request with its body
	writeTime  = 90 * time.Second // from the end of the header to the end of the answer
	idleTime   = 3 * time.Minute  // .NET keeps pooled connections for up to two
	stopTime   = 20 * time.Second // for the requests in hand when we stop

	maxHeader = 16 << 10 // request line and header fields, in bytes
)

// Serve answers requests on the connections that l accepts, until ctx ends or l
// fails. Without t it speaks plain HTTP, and refuses to unless l listens on
// loopback. It closes l.
//
// When ctx ends, requests in hand are committed and answered, for up to 20
// seconds; idle connections and those of strangers are closed at once. When
// Serve returns, everything it started has finished.
func (s *Server) Serve(ctx context.Context, l net.Listener, t *tls.Config) error {
	if t == nil && !remotePlace(l.Addr()).addr.IsLoopback() {
		l.Close()
		return fmt.Errorf("serve %s: plain HTTP is only for a proxy on this machine: listen on 127.0.0.1, or choose a mode with a certificate", l.Addr())
	}
	door := newDoorkeeper(l, s.maxConnections, s.maxPerAddress)
	var open sync.WaitGroup
	srv := &http.Server{
		Handler:                      s.Handler(),
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            headerTime,
		ReadTimeout:                  readTime,
		WriteTimeout:                 writeTime,
		IdleTimeout:                  idleTime,
		MaxHeaderBytes:               maxHeader - 4096, // net/http grants that much more than it is told
		ErrorLog:                     log.New(serverLog{s}, "", 0),
		BaseContext:                  func(net.Listener) context.Context { return ctx },
		ConnContext:                  withConnection,
		Protocols:                    new(http.Protocols),
		ConnState: func(conn net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateIdle: // the answer is out
				beneath(conn).busy.Store(false)
			case http.StateClosed:
				open.Done()
			}
		},
	}
	srv.Protocols.SetHTTP1(true)

	served := make(chan error, 1)
	go func() {
		if t == nil {
			served <- srv.Serve(door)
		} else {
			served <- srv.Serve(tls.NewListener(door, forHTTP1(t)))
		}
	}()
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-served:
		served <- failed
	}

	door.stop()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if srv.Shutdown(stop) != nil {
		srv.Close()
	}
	if err := <-served; failed == nil && !errors.Is(err, http.ErrServerClosed) {
		failed = err
	}
	open.Wait()
	s.access.flush()
	if failed != nil {
		return fmt.Errorf("serve %s: %w", l.Addr(), failed)
	}
	return nil
}

// forHTTP1 returns t without HTTP/2, which would slip past the limits on
// connections: many requests share one there. What t leaves open is filled in
// as [TLSConfig] has it.
func forHTTP1(t *tls.Config) *tls.Config {
	t = t.Clone()
	t.NextProtos = slices.DeleteFunc(slices.Clone(t.NextProtos), func(p string) bool { return p == "h2" })
	if !slices.Contains(t.NextProtos, "http/1.1") {
		t.NextProtos = append(t.NextProtos, "http/1.1")
	}
	if t.MinVersion == 0 {
		t.MinVersion = tls.VersionTLS12
	}
	if t.CipherSuites == nil {
		t.CipherSuites = slices.Clone(cipherSuites)
	}
	return t
}
