package receiver_test

import (
	"bufio"
	"io"
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
