package main

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// stopTwiceVerb holds the service up with a message that doesn't end, and
// interrupts it twice.
func stopTwiceVerb(ts *testscript.TestScript, _ bool, _ []string) {
	s := started(ts)
	u, err := url.Parse(ts.Getenv("RECEIVER"))
	ts.Check(err)
	conn, err := tls.Dial("tcp", u.Host, &tls.Config{InsecureSkipVerify: true})
	ts.Check(err)
	defer conn.Close()
	head := "POST " + u.Path + " HTTP/1.1\r\nHost: " + u.Host + "\r\nContent-Length: 100\r\nExpect: 100-continue\r\n" +
		"Authorization: Basic " + basic("clearmatch", ts.Getenv("PPM_SEND_PASSWORD")) + "\r\n\r\n"
	_, err = fmt.Fprint(conn, head)
	ts.Check(err)
	// Once it wants the body, the request is in hand.
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err = conn.Read(make([]byte, 100))
	ts.Check(err)

	// Two different signals, because two of a kind can become one.
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.stdout:
		ts.Fatalf("the first interrupt cut off a request in hand; stderr: %s", ts.ReadFile(s.stderr))
	case <-time.After(300 * time.Millisecond):
	}
	ts.Check(s.cmd.Process.Signal(os.Interrupt))
	select {
	case <-s.stdout:
	case <-time.After(5 * time.Second):
		ts.Fatalf("the second interrupt didn't end it")
	}
	err = s.cmd.Wait()
	s.cmd = nil
	if err == nil || err.Error() != "exit status 1" {
		ts.Fatalf("after the second interrupt: %v", err)
	}
}
