package receiver_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const head = "POST /notifications HTTP/1.1\r\nHost: a\r\n"

// answerTo returns the status of the next answer on in, or 0 at its end.
func answerTo(in *bufio.Reader) int {
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

func TestSlowRequestsEnd(t *testing.T) {
	for _, tt := range []struct {
		name   string
		begins string // sent at once
		drips  string // then sent a byte a second
		status int    // 0: hung up without a word
		after  time.Duration
	}{
		{"silence", "", "", 0, 10 * time.Second},
		{"slow request line", "POST /", strings.Repeat("x", 1000), 400, 10 * time.Second},
		{"slow header", head, strings.Repeat("X: x\r\n", 200), 0, 10 * time.Second},
		{"slow body", head + "Authorization: " + authorization + "\r\nContent-Length: 500\r\n\r\n", strings.Repeat("x", 500), 408, 30 * time.Second},
		{"slow chunks", head + "Authorization: " + authorization + "\r\nTransfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\nx\r\n", 100), 408, 30 * time.Second},
		{"slow stranger", head + "Content-Length: 500\r\n\r\n", strings.Repeat("x", 500), 401, 30 * time.Second},
		{"slow stranger, chunks", head + "Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\nx\r\n", 100), 401, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := new(journal)
				l := newPipeListener()
				stop := servePipe(t, options(t, j), l)
				conn := l.dial()
				began := time.Now()
				var client sync.WaitGroup
				client.Go(func() {
					io.WriteString(conn, tt.begins)
					for i := range len(tt.drips) {
						time.Sleep(time.Second)
						if _, err := conn.Write([]byte{tt.drips[i]}); err != nil {
							return
						}
					}
				})
				in := bufio.NewReader(conn)
				if status := answerTo(in); status != tt.status {
					t.Errorf("answered %d", status)
				}
				if answerTo(in) != 0 {
					t.Error("a second answer")
				}
				// net/http lets half a second pass before it closes on unread data.
				if took := time.Since(began); took < tt.after || took > tt.after+time.Second {
					t.Errorf("ended after %v", took)
				}
				conn.Close()
				client.Wait()
				if err := stop(); err != nil {
					t.Error(err)
				}
				if s, r := j.counts(); s+r > 0 {
					t.Error("something was kept")
				}
			})
		})
	}
}

// Clients that pool their connections may let two minutes pass.
func TestIdleConnectionStaysUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		stop := servePipe(t, options(t, new(journal)), l)
		conn := l.dial()
		in := bufio.NewReader(conn)
		for range 3 {
			go io.WriteString(conn, head+"Authorization: "+authorization+"\r\nContent-Length: 34\r\n\r\n"+sample)
			if status := answerTo(in); status != 200 {
				t.Fatalf("answered %d", status)
			}
			time.Sleep(2 * time.Minute)
		}
		began := time.Now()
		if answerTo(in) != 0 || time.Since(began) > 2*time.Minute {
			t.Errorf("still open after %v", time.Since(began))
		}
		conn.Close()
		stop()
	})
}

// A body that ends early was never a notification: the sender will come again.
func TestBodyCutShortIsNotARejection(t *testing.T) {
	for _, framing := range []string{"Content-Length: 35\r\n\r\n" + sample, "Transfer-Encoding: chunked\r\n\r\n22\r\n" + sample + "\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			j := new(journal)
			l := newPipeListener()
			stop := servePipe(t, options(t, j), l)
			conn := l.dial()
			io.WriteString(conn, head+"Authorization: "+authorization+"\r\n"+framing)
			conn.Close()
			synctest.Wait()
			if s, r := j.counts(); s+r > 0 {
				t.Errorf("%q was kept", framing)
			}
			stop()
		})
	}
}

func TestHangingUpDoesNotCancelTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{entered: make(chan struct{}), release: make(chan struct{})}
		l := newPipeListener()
		stop := servePipe(t, options(t, j), l)
		conn := l.dial()
		io.WriteString(conn, head+"Authorization: "+authorization+"\r\nContent-Length: 34\r\n\r\n"+sample)
		<-j.entered
		conn.Close()
		time.Sleep(5 * time.Second)
		close(j.release)
		synctest.Wait()
		if s, _ := j.counts(); s != 1 {
			t.Error("the commit was given up")
		}
		stop()
	})
}

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
