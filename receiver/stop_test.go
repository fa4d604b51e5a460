package receiver_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestStopAnswersWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{entered: make(chan struct{}), release: make(chan struct{})}
		l := newPipeListener()
		stop := servePipe(t, options(t, j), l)

		// One request is being committed, one is still sending its body, one
		// connection is idle, and strangers hang around.
		var conns []net.Conn
		send := func(text string) *bufio.Reader {
			conn := l.dial()
			conns = append(conns, conn)
			io.WriteString(conn, text)
			return bufio.NewReader(conn)
		}
		full := head + "Authorization: " + authorization + "\r\nContent-Length: 34\r\n\r\n" + sample
		committing := send(full)
		<-j.entered
		sending := send(full[:len(full)-10])
		idle := send(head + "Content-Length: 0\r\n\r\n")
		if status := answerTo(idle); status != 401 {
			t.Fatalf("answered %d", status)
		}
		silent, dripping := send(""), send("POST /")
		synctest.Wait()

		began := time.Now()
		stopped := make(chan error, 1)
		go func() { stopped <- stop() }()
		for _, in := range []*bufio.Reader{idle, silent, dripping} {
			if status := answerTo(in); status != 0 {
				t.Errorf("a stranger was answered %d", status)
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("strangers were hung up on after %v", took)
		}
		time.Sleep(3 * time.Second)
		select {
		case <-stopped:
			t.Error("Serve returned with requests in hand")
		default:
		}
		go func() { <-j.entered }()
		io.WriteString(conns[1], sample[len(sample)-10:])
		close(j.release)
		if a, b := answerTo(committing), answerTo(sending); a != 200 || b != 200 {
			t.Errorf("answered %d and %d", a, b)
		}
		if answerTo(committing) != 0 {
			t.Error("the connection stays open")
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if s, _ := j.counts(); s != 2 {
			t.Errorf("%d stored", s)
		}
		for _, c := range conns {
			c.Close()
		}
	})
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		stop := servePipe(t, options(t, new(journal)), l)
		conn := l.dial()
		io.WriteString(conn, head+"Authorization: "+authorization+"\r\nContent-Length: 34\r\n\r\n{")
		time.Sleep(time.Second)
		began := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 21*time.Second {
			t.Errorf("stopping took %v", took)
		}
		conn.Close()
	})
}

func TestServeReturnsWhatEndedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		stop := servePipe(t, options(t, new(journal)), l)
		l.Close()
		synctest.Wait()
		if err := stop(); err == nil || !strings.Contains(err.Error(), "serve 127.0.0.1:8443") {
			t.Errorf("got %v", err)
		}
	})
}

func TestStopAnswersAThrottledStrangerAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		stop := servePipe(t, options(t, new(journal)), l)
		guess := head + "Authorization: " + basic(username, "guess") + "\r\nContent-Length: 0\r\n\r\n"
		var guesses sync.WaitGroup
		for range 20 { // ten wait
			conn := l.dial()
			guesses.Go(func() {
				defer conn.Close()
				fmt.Fprint(conn, guess)
				if status := answerTo(bufio.NewReader(conn)); status != 401 {
					t.Errorf("answered %d", status)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("stopping took %v", took)
		}
		guesses.Wait()
	})
}

// A request may still be with the journal when the time for stopping is over.
// Its connection is cut then, but what it uses must not be closed under it.
func TestServeReturnsAfterTheLastHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{entered: make(chan struct{}), release: make(chan struct{})}
		l := newPipeListener()
		stop := servePipe(t, options(t, j), l)
		conn := l.dial()
		full := head + "Authorization: " + authorization + "\r\nContent-Length: 34\r\n\r\n" + sample
		io.WriteString(conn, full[:len(full)-10])
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() { stopped <- stop() }()
		time.Sleep(19 * time.Second)
		io.WriteString(conn, full[len(full)-10:])
		<-j.entered
		time.Sleep(10 * time.Second)
		select {
		case <-stopped:
			t.Error("Serve returned while a notification was being stored")
		default:
		}
		close(j.release)
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if s, _ := j.counts(); s != 1 {
			t.Errorf("%d stored", s)
		}
		conn.Close()
	})
}
