package receiver_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"processmanager/ppm"
)

// forgetful keeps nothing.
type forgetful struct{}

func (forgetful) Accept(context.Context, ppm.Arrival) (ppm.Acknowledgement, error) {
	return ppm.Acknowledgement{Receipt: "1042-7KQ2M9XD"}, nil
}
func (forgetful) Reject(context.Context, ppm.Rejection) error { return nil }

// BenchmarkHandler measures what the receiver adds to a handler that reads the
// body and answers: compare acknowledge with read.
func BenchmarkHandler(b *testing.B) {
	o := options(b, forgetful{})
	o.Access = io.Discard
	o.Parse = func([]byte) (ppm.Notification, error) { return ppm.Notification{}, nil }
	answer := []byte(`{"status":"acknowledged","receipt":"1042-7KQ2M9XD","redelivery":false}`)
	for _, bench := range []struct {
		name    string
		handler http.Handler
	}{
		{"read", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.ReadAll(r.Body)
			w.Header()["Content-Type"] = []string{"application/json"}
			w.Write(answer)
		})},
		{"acknowledge", newHandler(o)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			body := bytes.NewReader([]byte(sample))
			r := httptest.NewRequest("POST", "/notifications", nil)
			r.Header.Set("Authorization", authorization)
			r.Body = io.NopCloser(body)
			r.ContentLength = int64(len(sample))
			w := &discard{header: make(http.Header)}
			b.ReportAllocs()
			for b.Loop() {
				body.Seek(0, io.SeekStart)
				clear(w.header)
				bench.handler.ServeHTTP(w, r)
				if w.status != 0 && w.status != 200 {
					b.Fatal(w.status)
				}
			}
		})
	}
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
