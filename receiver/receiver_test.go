package receiver_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"processmanager/ppm"
	"processmanager/receiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	username = "clearmatch"
	password = "7h3kq9m2xw4v8p6n5c7b3d9f2r6"
	sample   = `{"id":"A1","notificationType":"t"}`
)

var authorization = basic(username, password)

func basic(username, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}

// A journal keeps things in memory, and fails, blocks or panics when a test
// wants it to.
type journal struct {
	mu         sync.Mutex
	arrivals   []ppm.Arrival
	rejections []ppm.Rejection
	receipts   map[ppm.Identity]ppm.Receipt

	acceptErr, rejectErr error
	panics               any
	entered              chan struct{} // told of every Accept that is blocked
	release              chan struct{} // blocks Accept until it is closed
}

func (j *journal) Accept(ctx context.Context, a ppm.Arrival) (ppm.Acknowledgement, error) {
	if j.release != nil {
		j.entered <- struct{}{}
		select {
		case <-j.release:
		case <-ctx.Done():
			return ppm.Acknowledgement{}, ctx.Err()
		}
	}
	if j.panics != nil {
		panic(j.panics)
	}
	if j.acceptErr != nil {
		return ppm.Acknowledgement{}, j.acceptErr
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.arrivals = append(j.arrivals, a)
	id := a.Identity()
	if r, known := j.receipts[id]; known {
		return ppm.Acknowledgement{Receipt: r, Redelivery: true}, nil
	}
	if j.receipts == nil {
		j.receipts = make(map[ppm.Identity]ppm.Receipt)
	}
	r := ppm.NewReceipt(int64(len(j.receipts)+1), id)
	j.receipts[id] = r
	return ppm.Acknowledgement{Receipt: r}, nil
}

func (j *journal) Reject(_ context.Context, r ppm.Rejection) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.rejectErr == nil {
		j.rejections = append(j.rejections, r)
	}
	return j.rejectErr
}

func (j *journal) counts() (stored, rejected int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.arrivals), len(j.rejections)
}

// A fault is what the decoder says of a body that cannot be used.
type fault struct {
	status, line, column int
	text                 string
}

func (f *fault) Error() string     { return f.text }
func (f *fault) Status() int       { return f.status }
func (f *fault) Place() (int, int) { return f.line, f.column }

// parse stands in for the decoder, which has its own tests.
func parse(body []byte) (ppm.Notification, error) {
	var m struct{ ID, NotificationType, PartnerCode string }
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if err := json.Unmarshal(body, &m); err != nil {
		return ppm.Notification{}, &fault{400, 2, 1, "line 2, column 1: not JSON"}
	}
	if m.ID == "" {
		return ppm.Notification{}, &fault{422, 0, 0, "id is missing"}
	}
	return ppm.Notification{Application: m.ID, Type: m.NotificationType, Partner: m.PartnerCode}, nil
}

// options are those of most tests. Change what is of interest.
func options(t testing.TB, j receiver.Journal) receiver.Options {
	t.Helper()
	c, err := receiver.NewCredentials(username, password)
	if err != nil {
		t.Fatal(err)
	}
	return receiver.Options{
		Path: "/notifications", Credentials: c, Journal: j, Parse: parse,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// serving is a Server that runs until the test ends, or until stop.
type serving struct {
	addr string
	stop context.CancelFunc
	done chan error
}

// serve runs a server for o on listen, with TLS unless o is behind a proxy.
func serve(t testing.TB, o receiver.Options, listen string) *serving {
	t.Helper()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &serving{addr: l.Addr().String(), stop: cancel, done: make(chan error, 1)}
	var config *tls.Config
	if !o.Proxied {
		config = &tls.Config{Certificates: []tls.Certificate{certificate()}}
	}
	go func() { s.done <- receiver.New(o).Serve(ctx, l, config) }()
	t.Cleanup(func() {
		cancel()
		if err := <-s.done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		s.done <- nil
	})
	return s
}

// wait returns what Serve returned.
func (s *serving) wait(t testing.TB) error {
	t.Helper()
	select {
	case err := <-s.done:
		s.done <- err
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("Serve did not return")
		return nil
	}
}

// certificate is self-signed, with an RSA key: clients may know nothing else.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ppm.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// clientTLS trusts whoever answers; certificates have their own tests.
func clientTLS() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// dial opens a connection that gives up after a while rather than hang the tests.
func dial(t testing.TB, addr string, config *tls.Config) net.Conn {
	t.Helper()
	var conn net.Conn
	var err error
	if config == nil {
		conn, err = net.Dial("tcp", addr)
	} else {
		conn, err = tls.Dial("tcp", addr, config)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// soon waits until ok, and fails the test if that takes too long.
func soon(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("not within 10 seconds: %s", what)
		}
	}
}

func newHandler(o receiver.Options) http.Handler { return receiver.New(o).Handler() }
