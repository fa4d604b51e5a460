package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"time"
)

// serveNoop is what ours is measured against: net/http over TLS with a handler
// that reads the body and answers as many bytes as we do, and nothing else.
func serveNoop(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("noop", flag.ContinueOnError)
	prefix := f.String("profile", "", "write profiles to PREFIX.cpu and PREFIX.allocs")
	if err := f.Parse(args); err != nil {
		return err
	}
	cert, err := selfSigned()
	if err != nil {
		return err
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	answer := []byte(`{"status":"acknowledged","receipt":"1000042-7KQ2M9XD","redelivery":false}` + "\n")
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Write(answer) // if the client has gone, it will say so
		}),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      90 * time.Second,
		IdleTimeout:       3 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	stop, err := profiled(*prefix)
	if err != nil {
		return err
	}
	fmt.Printf("ready receiver=https://%s/notifications\n", inner.Addr())
	defer context.AfterFunc(ctx, func() { server.Close() })()
	err = server.Serve(tls.NewListener(inner, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}))
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, stop())
}

// selfSigned is RSA, because there are senders that know nothing else.
func selfSigned() (tls.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
