package client_test

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"processmanager/ppm"
)

// A rudePostOffice is a mail server with the faults that proper ones don't
// have: it says what it is told to, to the word of a command that is the key.
// "greeting" and "message" are words, too; what is not there is answered 250,
// "-" with nothing more, and "" by hanging up.
type rudePostOffice struct {
	answers map[string]string
	port    int

	mu    sync.Mutex
	words []string // as they came
}

func newRudePostOffice(t *testing.T, answers map[string]string) *rudePostOffice {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	o := &rudePostOffice{answers: answers, port: ln.Addr().(*net.TCPAddr).Port}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { defer conn.Close(); o.serve(conn) })
		}
	})
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	return o
}

func (o *rudePostOffice) serve(conn net.Conn) {
	conn.SetDeadline(time.Now().Add(time.Minute))
	r := bufio.NewReader(conn)
	for word, message := "greeting", false; ; {
		answer, ok := o.answers[word]
		switch {
		case !ok && word == "greeting":
			answer = "220 rude.test"
		case !ok && word == "DATA":
			answer = "354 go on"
		case !ok:
			answer = "250 well"
		case answer == "":
			return
		}
		if answer != "-" {
			fmt.Fprintf(conn, "%s\r\n", answer)
		}
		message = message || strings.HasPrefix(answer, "354")
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if message && line != ".\r\n" {
				continue
			}
			word, _, _ = strings.Cut(strings.TrimSpace(line), " ")
			if message {
				word, message = "message", false
			}
			break
		}
		o.mu.Lock()
		o.words = append(o.words, word)
		o.mu.Unlock()
	}
}

func TestWhatARudeMailServerComesTo(t *testing.T) {
	const again, final = "again", "final"
	for _, tt := range []struct {
		name     string
		answers  map[string]string
		settings map[string]any
		want     string // "": delivered
		status   int
		says     string
		never    []string // words that must not be said
	}{
		{"a good day", nil, nil, "", 250, "", nil},
		{"refuses everybody", map[string]string{"greeting": "554 go away"}, nil, again, 554, "go away", []string{"MAIL"}},
		{"too busy to greet", map[string]string{"greeting": "421 later"}, nil, again, 421, "later", []string{"MAIL"}},
		{"hangs up at once", map[string]string{"greeting": ""}, nil, again, 0, "it hung up before it had answered", nil},
		{"says nothing", map[string]string{"greeting": "-"}, map[string]any{"timeout": "1s"}, again, 0, "it took longer than it may", nil},
		{"offers no encryption", nil, map[string]any{"encryption": "starttls", "user": "ppm"}, again, 0, "does not offer STARTTLS", []string{"AUTH", "MAIL"}},
		{"refuses to encrypt", map[string]string{"EHLO": "250-rude.test\r\n250 STARTTLS", "STARTTLS": "454 not now"}, map[string]any{"encryption": "starttls"}, again, 454, "not now", []string{"MAIL"}},
		{"knows no way to log in", nil, map[string]any{"user": "ppm"}, again, 0, "no way to log in that ppm knows", []string{"MAIL"}},
		{"does not want the sender", map[string]string{"MAIL": "550 not you"}, nil, again, 550, "as ppm@lender.test", []string{"RCPT"}},
		{"does not want the message", map[string]string{"DATA": "552 too much"}, nil, final, 552, "too much", nil},
		{"hangs up in the message", map[string]string{"message": ""}, nil, again, 0, "it hung up before it had answered", nil},
		{"says nothing of the message", map[string]string{"message": "-"}, map[string]any{"timeout": "1s"}, again, 0, "it took longer than it may", nil},
		{"hangs up on goodbye", map[string]string{"QUIT": ""}, nil, "", 250, "", nil},
		{"speaks something else", map[string]string{"greeting": "HTTP/1.1 400 Bad Request"}, nil, again, 0, "greeting", nil},
	} {
		o := newRudePostOffice(t, tt.answers)
		settings := map[string]any{"to": []string{"ann@lender.test"}, "from": "ppm@lender.test", "host": "127.0.0.1", "port": o.port, "encryption": "none", "timeout": "30s"}
		for k, v := range tt.settings {
			settings[k] = v
		}
		secrets := map[string]string{}
		if settings["user"] != nil {
			secrets["password"] = "canary"
		}
		r, err := open(t, ppm.Email, settings, secrets).Deliver(t.Context(), parcel("A056035"))
		got := ""
		if err != nil {
			if got = again; isFinal(err) {
				got = final
			}
			if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: %v, which should say %q", tt.name, err, tt.says)
			}
		}
		if got != tt.want || r.Status != tt.status {
			t.Errorf("%s: %q (%v) and status %d, want %q and %d", tt.name, got, err, r.Status, tt.want, tt.status)
		}
		o.mu.Lock()
		for _, word := range tt.never {
			if slices.Contains(o.words, word) {
				t.Errorf("%s: %s was said to it", tt.name, word)
			}
		}
		o.mu.Unlock()
	}
	if _, err := tryOpen(t, ppm.Email, map[string]any{"to": []string{"a@b.test"}, "from": "c@d.test", "host": "mail.test", "encryption": "none"}, nil); err == nil {
		t.Error("a server far away without encryption was accepted")
	}
}
