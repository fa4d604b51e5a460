package receiver_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// elsewhere is an address of this machine other than 127.0.0.1. A Mac has no
// other from the start, and must do with that one.
func elsewhere(n int) string {
	if runtime.GOOS == "darwin" {
		return "127.0.0.1"
	}
	return fmt.Sprintf("127.0.0.%d", n)
}

// dialFrom opens a connection from that address of this machine.
func dialFrom(t testing.TB, from, addr string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(60 * time.Second))
	return conn
}

// A sender keeps one connection and posts over it.
type sender struct {
	conn net.Conn
	in   *bufio.Reader
}

func newSender(conn net.Conn) *sender { return &sender{conn, bufio.NewReader(conn)} }

func (s *sender) post() int {
	io.WriteString(s.conn, head+"Authorization: "+authorization+"\r\nContent-Length: 34\r\n\r\n"+sample)
	return answerTo(s.in)
}

// ended waits until so many of conns have been hung up on, for less than the
// ten seconds after which strangers go anyway.
func ended(t testing.TB, conns []net.Conn, want int) {
	t.Helper()
	over := make(chan struct{}, len(conns))
	for _, c := range conns {
		go func() {
			io.Copy(io.Discard, c)
			over <- struct{}{}
		}()
	}
	limit := time.After(8 * time.Second)
	for n := range want {
		select {
		case <-over:
		case <-limit:
			t.Fatalf("%d of %d connections have ended, want %d", n, len(conns), want)
		}
	}
}

func TestSlowStrangersDoNotKeepTheSenderOut(t *testing.T) {
	const strangers, perAddress, inAll = 200, 20, 50
	o := options(t, new(journal))
	o.MaxPerAddress, o.MaxConnections = perAddress, inAll
	addr := serve(t, o, "127.0.0.1:0").addr

	early := newSender(tls.Client(dialFrom(t, "127.0.0.1", addr), clientTLS()))
	if status := early.post(); status != 200 {
		t.Fatalf("before the strangers: answered %d", status)
	}
	crowd := func(from func(i int) string) (conns []net.Conn) {
		for i := range strangers {
			conn := dialFrom(t, from(i), addr)
			switch i % 3 { // silent before the handshake, in it, and after it
			case 1:
				conn.Write([]byte{22, 3, 1, 2, 0, 1, 0})
			case 2:
				conn = tls.Client(conn, clientTLS())
				io.WriteString(conn, "POST /not") // may fail: others push
			}
			conns = append(conns, conn)
		}
		return conns
	}

	// From the sender's own address, then from many.
	ended(t, crowd(func(int) string { return "127.0.0.1" }), strangers-perAddress)
	for _, from := range []string{"127.0.0.1", elsewhere(2)} {
		if status := newSender(tls.Client(dialFrom(t, from, addr), clientTLS())).post(); status != 200 {
			t.Errorf("a sender from %s was answered %d", from, status)
		}
	}
	ended(t, crowd(func(i int) string { return elsewhere(3 + i%10) }), strangers-inAll)
	for _, from := range []string{"127.0.0.1", elsewhere(2), elsewhere(3)} {
		if status := newSender(tls.Client(dialFrom(t, from, addr), clientTLS())).post(); status != 200 {
			t.Errorf("a sender from %s was answered %d", from, status)
		}
	}
	if status := early.post(); status != 200 {
		t.Errorf("over the connection from before: answered %d", status)
	}
}

func TestProvenConnectionsAreNotGivenUp(t *testing.T) {
	o := options(t, new(journal))
	o.MaxPerAddress = 3
	addr := serve(t, o, "127.0.0.1:0").addr
	var senders []*sender
	for range 3 {
		s := newSender(dial(t, addr, clientTLS()))
		if status := s.post(); status != 200 {
			t.Fatalf("answered %d", status)
		}
		senders = append(senders, s)
	}
	ended(t, []net.Conn{dial(t, addr, nil)}, 1)
	for _, s := range senders {
		if status := s.post(); status != 200 {
			t.Errorf("answered %d", status)
		}
	}
	senders[0].conn.Close()
	var next *sender
	soon(t, "the place that came free is given away", func() bool {
		conn, err := tls.Dial("tcp", addr, clientTLS())
		if err != nil {
			return false
		}
		t.Cleanup(func() { conn.Close() })
		next = newSender(conn)
		return next.post() == 200
	})
}

// P11: when there are no descriptors left, strangers lose theirs, and the
// server neither spins nor gives up.
func TestRunningOutOfDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		stop := servePipe(t, options(t, new(journal)), l)
		proven := newSender(l.dial())
		if status := proven.post(); status != 200 {
			t.Fatalf("answered %d", status)
		}
		older, younger := l.dial(), l.dial()
		synctest.Wait()
		// Accept is waiting by now, and fails from its next call on.
		l.fails <- &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
		last := l.dial()

		began := time.Now()
		if _, err := older.Read(make([]byte, 1)); err != io.EOF || time.Since(began) > time.Second {
			t.Errorf("the oldest stranger: %v after %v", err, time.Since(began))
		}
		if status := newSender(l.dial()).post(); status != 200 {
			t.Errorf("a new sender was answered %d", status)
		}
		if status := newSender(younger).post(); status != 200 {
			t.Errorf("the younger connection was answered %d", status)
		}
		if status := proven.post(); status != 200 {
			t.Errorf("the proven connection was answered %d", status)
		}
		for _, c := range []net.Conn{older, younger, last} {
			c.Close()
		}
		stop()
	})
}

// Behind a proxy all connections come from one address.
func TestProxyMayUseAllConnections(t *testing.T) {
	o := options(t, new(journal))
	o.Proxied = true
	o.MaxConnections, o.MaxPerAddress = 10, 2
	addr := serve(t, o, "127.0.0.1:0").addr
	var senders []*sender
	for range 10 {
		senders = append(senders, newSender(dial(t, addr, nil)))
	}
	for _, s := range senders {
		if status := s.post(); status != 200 {
			t.Errorf("answered %d", status)
		}
	}
}
