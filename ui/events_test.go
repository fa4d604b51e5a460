package ui

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// stream listens to the hints until the test ends; what is returned is closed
// when the server ends them.
func stream(t *testing.T, srv *httptest.Server, cookie string, lines chan<- string) <-chan struct{} {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/events", nil)
	check(t, err)
	r.Header.Set("Cookie", strings.TrimPrefix(cookie, "Cookie: "))
	answer, err := srv.Client().Do(r)
	check(t, err)
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("events = %d %v", answer.StatusCode, answer.Header)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for s := bufio.NewScanner(answer.Body); s.Scan(); {
			if s.Text() != "" {
				lines <- s.Text()
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		answer.Body.Close()
		<-stopped
	})
	return stopped
}

// next returns the next line of a stream.
func next(t *testing.T, lines <-chan string) string {
	t.Helper()
	select {
	case line := <-lines:
		return line
	case <-time.After(10 * time.Second):
		t.Fatal("no hint comes")
		return ""
	}
}

func TestManyChangesAreFewHints(t *testing.T) {
	m := furnished()
	srv, cookie := open(t, m)
	lines := make(chan string, 1000)
	stream(t, srv, cookie, lines)
	next(t, lines)
	for range 200 {
		m.change()
	}
	for range 2 {
		if line := next(t, lines); line != "event: changed" {
			t.Fatalf("it says %q", line)
		}
		next(t, lines) // data:
		if len(lines) > 0 {
			t.Errorf("%d more lines come at once", len(lines))
		}
		m.change()
	}
}

func TestOnlySoManyPagesAreKeptUpToDate(t *testing.T) {
	m := furnished()
	srv, cookie := open(t, m)
	for range maxStreams {
		lines := make(chan string, 100)
		stream(t, srv, cookie, lines)
		next(t, lines)
	}
	answer, _ := ask(t, srv, "GET", "/events", cookie)
	if answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" {
		t.Errorf("one more = %d %v", answer.StatusCode, answer.Header)
	}
}
