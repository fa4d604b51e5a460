//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// rateLimited: an authority that was asked too often, which Pebble never says,
// is left alone for as long as it wants.
func rateLimited(l *lab, ca *pebble) error {
	const wait = 2 * time.Hour
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	base := "http://" + ln.Addr().String()
	var orders atomic.Int64
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", "nonce")
		switch r.URL.Path {
		case "/dir":
			fmt.Fprintf(w, `{"newNonce":"%[1]s/nonce","newAccount":"%[1]s/account","newOrder":"%[1]s/order"}`, base)
		case "/account":
			w.Header().Set("Location", base+"/account/1")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"status":"valid"}`)
		case "/order":
			orders.Add(1)
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())))
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates (5) already issued for this set"}`)
		}
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(ln) })
	l.cleanup(func() error { err := server.Close(); serving.Wait(); return err })

	p, data, err := l.ordering("limited", ca.settings("busy.ppm.test", "0", "PPM_RECEIVER_TLS_CA_DIRECTORY="+base+"/dir"))
	if err != nil {
		return err
	}
	c, err := l.certifiedAs(data, "the limit is told", func(c certified) bool { return c.Issuance.Failures > 0 })
	if err != nil {
		return err
	}
	if left := time.Until(c.Issuance.Next); c.Issuance.Problem != "rateLimited" || left < wait-time.Minute || orders.Load() != 1 ||
		!strings.Contains(c.Error, "too often") || !strings.Contains(c.Error, "already issued") {
		return fmt.Errorf("after %d orders: %+v", orders.Load(), c)
	}
	return p.stop()
}
