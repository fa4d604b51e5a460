package receiver_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"processmanager/receiver"
)

func TestOldSendersCanConnect(t *testing.T) {
	addr := serve(t, options(t, new(journal)), "127.0.0.1:0").addr
	for _, suite := range []uint16{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, // the best of Windows Server 2012
		tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	} {
		config := clientTLS()
		config.MaxVersion = tls.VersionTLS12
		config.CipherSuites = []uint16{suite}
		conn := dial(t, addr, config)
		if status := newSender(conn).post(); status != 200 {
			t.Errorf("%s: answered %d", tls.CipherSuiteName(suite), status)
		}
		if got := conn.(*tls.Conn).ConnectionState(); got.Version != tls.VersionTLS12 || got.CipherSuite != suite {
			t.Errorf("%s: got version %x, %s", tls.CipherSuiteName(suite), got.Version, tls.CipherSuiteName(got.CipherSuite))
		}
	}
}

func TestBetterSuitesArePreferred(t *testing.T) {
	addr := serve(t, options(t, new(journal)), "127.0.0.1:0").addr
	config := clientTLS()
	config.MaxVersion = tls.VersionTLS12
	config.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}
	if got := dial(t, addr, config).(*tls.Conn).ConnectionState().CipherSuite; got != tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA {
		t.Errorf("got %s", tls.CipherSuiteName(got))
	}
}

func TestOnlyTLS12AndHTTP11(t *testing.T) {
	addr := serve(t, options(t, new(journal)), "127.0.0.1:0").addr
	old := clientTLS()
	old.MaxVersion, old.MinVersion = tls.VersionTLS11, tls.VersionTLS10
	if conn, err := tls.Dial("tcp", addr, old); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
	both := clientTLS()
	both.NextProtos = []string{"h2", "http/1.1"}
	if got := dial(t, addr, both).(*tls.Conn).ConnectionState().NegotiatedProtocol; got != "http/1.1" {
		t.Errorf("speaks %q", got)
	}
}

func TestPlainHTTPOnTheTLSPortIsTold(t *testing.T) {
	conn := dial(t, serve(t, options(t, new(journal)), "127.0.0.1:0").addr, nil)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if b, _ := io.ReadAll(conn); !strings.Contains(string(b), "HTTP request to an HTTPS server") {
		t.Errorf("got %q", b)
	}
}

func TestPlainHTTPIsForLoopbackOnly(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	err = receiver.New(options(t, new(journal))).Serve(t.Context(), l, nil)
	if err == nil || !strings.Contains(err.Error(), "listen on 127.0.0.1") {
		t.Errorf("got %v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener stays open")
	}
}

// net/http's limit is looser than it says; ours is exact.
func TestHeaderLimit(t *testing.T) {
	addr := serve(t, options(t, new(journal)), "127.0.0.1:0").addr
	for _, tt := range []struct{ size, status int }{{16 << 10, 401}, {16<<10 + 1, 431}} {
		conn := dial(t, addr, clientTLS())
		header := head + "X: " + "\r\n\r\n"
		header = head + "X: " + strings.Repeat("x", tt.size-len(header)) + "\r\n\r\n"
		io.WriteString(conn, header)
		if status := answerTo(bufio.NewReader(conn)); status != tt.status {
			t.Errorf("%d bytes: answered %d, want %d", len(header), status, tt.status)
		}
	}
}

// Closed at once, the connection would be reset under a sender who reads the
// answer after the last byte, and some systems then forget the answer.
func TestSenderOfFarTooMuchMayFinish(t *testing.T) {
	const size = 9_000_000
	conn := dial(t, serve(t, options(t, new(journal)), "127.0.0.1:0").addr, clientTLS())
	io.WriteString(conn, head+"Authorization: "+authorization+"\r\nContent-Length: "+strconv.Itoa(size)+"\r\n\r\n")
	if _, err := conn.Write(make([]byte, size)); err != nil {
		t.Errorf("sending: %v", err)
	}
	if status := answerTo(bufio.NewReader(conn)); status != 413 {
		t.Errorf("answered %d", status)
	}
}

// A transport that pools connections, as senders have them, against a server
// that stops: everything is answered, and nothing is left running.
func TestOrdinaryClient(t *testing.T) {
	j := new(journal)
	s := serve(t, options(t, j), "127.0.0.1:0")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: clientTLS()}}
	defer client.CloseIdleConnections()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				r, _ := http.NewRequest("POST", "https://"+s.addr+"/notifications", strings.NewReader(sample))
				r.SetBasicAuth(username, password)
				res, err := client.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode != 200 {
					t.Errorf("answered %s", res.Status)
				}
			}
		})
	}
	all.Wait()
	s.stop()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
	if stored, _ := j.counts(); stored != 200 {
		t.Errorf("%d stored", stored)
	}
}

// A sender that dislikes our certificate shows up in the log; port scanners don't.
func TestHandshakesThatFailAreLoggedIfTheyMayBeTheSenders(t *testing.T) {
	var logged lockedBuffer
	o := options(t, new(journal))
	o.Log = slog.New(slog.NewTextHandler(&logged, nil))
	addr := serve(t, o, "127.0.0.1:0").addr

	dial(t, addr, nil).Close()
	scanner := dial(t, addr, nil)
	io.WriteString(scanner, "SSH-2.0-scan\r\n")
	io.ReadAll(scanner)
	if logged.String() != "" {
		t.Errorf("logged %s", logged.String())
	}
	for range 3 {
		if _, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "ppm.example"}); err == nil {
			t.Fatal("the certificate is trusted")
		}
	}
	soon(t, "the handshake is logged", func() bool { return strings.Contains(logged.String(), "TLS handshake failed") })
	if n := strings.Count(logged.String(), "\n"); n != 1 || !strings.Contains(logged.String(), "from=127.0.0.1 ") {
		t.Errorf("logged %s", logged.String())
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
