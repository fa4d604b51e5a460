package ui

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// follow posts a form and returns the page that the answer leads to.
func follow(t *testing.T, m *memory, address string, form url.Values) (to, page string) {
	t.Helper()
	srv, cookie := open(t, m)
	answer := post(t, srv, address, form, cookie)
	to = answer.Header.Get("Location")
	if answer.StatusCode != 303 {
		t.Fatalf("POST %s = %d", address, answer.StatusCode)
	}
	_, page = ask(t, srv, "GET", to, cookie)
	return to, page
}

func TestARetryIsConfirmedThenDoneAndToldOf(t *testing.T) {
	m := furnished()
	srv, cookie := open(t, m)
	_, page := ask(t, srv, "GET", "/retry?client=2&cause=token", cookie)
	if !strings.Contains(page, "Send 9 again") || !strings.Contains(page, "1 at a time, at most 60 a minute") || len(m.done) != 0 {
		t.Errorf("the confirmation says %s; done: %q", page, m.done)
	}
	to, page := follow(t, m, "/retry", url.Values{"client": {"2"}, "cause": {"token"}, "back": {"/notifications?q=x"}})
	if !strings.HasPrefix(to, "/notifications?") || !strings.Contains(page, "9 deliveries have been sent on their way again.") {
		t.Errorf("it led to %s: %s", to, page)
	}
	if len(m.done) != 9 || m.done[0] != "maria sent "+string(m.dead[0].Receipt) {
		t.Errorf("done: %q", m.done)
	}
}

func TestChosenOnesAndThoseOfASearchAreRetried(t *testing.T) {
	m := furnished()
	first, second := string(m.dead[0].Receipt), string(m.dead[1].Receipt)
	follow(t, m, "/retry", url.Values{"receipt": {first, second}})
	if want := []string{"maria sent " + first, "maria sent " + second}; !slices.Equal(m.done, want) {
		t.Errorf("chosen: %q, want %q", m.done, want)
	}
	m = furnished()
	follow(t, m, "/retry", url.Values{"q": {"A000008"}})
	if want := []string{"maria sent " + string(m.kept[7].Receipt)}; !slices.Equal(m.done, want) {
		t.Errorf("searched: %q, want %q", m.done, want)
	}
	_, page := follow(t, furnished(), "/retry", url.Values{"q": {"A000002"}})
	if !strings.Contains(page, "There was nothing to send again.") {
		t.Errorf("nothing: %s", page)
	}
}

func TestALongRetryHasAPageOfItsOwnAndCanBeStopped(t *testing.T) {
	m := furnished()
	reached := make(chan struct{}, 100)
	m.slow = func(ctx context.Context) {
		reached <- struct{}{}
		if len(reached) >= 3 {
			<-ctx.Done()
		}
	}
	srv, cookie := open(t, m)
	answer := post(t, srv, "/retry", url.Values{"client": {"2"}, "cause": {"token"}}, cookie)
	job := answer.Header.Get("Location")
	if !regexp.MustCompile(`^/jobs/\d+$`).MatchString(job) {
		t.Fatalf("it led to %q", job)
	}
	_, page := ask(t, srv, "GET", job, cookie)
	if !strings.Contains(page, "2 deliveries have been sent on their way again so far.") || !strings.Contains(page, "Stop") {
		t.Errorf("under way: %s", page)
	}
	post(t, srv, job+"/stop", nil, cookie)
	_, page = ask(t, srv, "GET", job, cookie)
	if !strings.Contains(page, "then it was stopped") || strings.Contains(page, job+"/stop") || len(m.done) != 2 {
		t.Errorf("stopped: %s; done %q", page, m.done)
	}
}

func TestStoppingTheServerStopsWhatItSends(t *testing.T) {
	s := New(Options{})
	begun := make(chan struct{})
	j, err := s.jobs.start("all", "maria", func(ctx context.Context, _ *job) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	})
	check(t, err)
	<-begun
	s.jobs.close()
	select {
	case <-j.done:
	default:
		t.Error("it goes on")
	}
	if _, err := s.jobs.start("more", "maria", nil); err == nil {
		t.Error("another one begins")
	}
}

func TestNoFormLeadsElsewhere(t *testing.T) {
	for _, given := range []string{"", "https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "notifications", "javascript:alert(1)", "http:/x", "/%zz"} {
		if got := ours(given); got != "/" {
			t.Errorf("ours(%q) = %q", given, got)
		}
	}
	if got := ours("/notifications?q=a%20b"); got != "/notifications?q=a%20b" {
		t.Errorf("our own address became %q", got)
	}
}

func TestHintsComeWhenSomethingChangesAndEndWithTheSession(t *testing.T) {
	m := furnished()
	srv, cookie := open(t, m)
	lines := make(chan string, 100)
	stopped := stream(t, srv, cookie, lines)
	if line := next(t, lines); !strings.HasPrefix(line, "retry:") {
		t.Errorf("it begins with %q", line)
	}
	m.change()
	if line := next(t, lines); line != "event: changed" {
		t.Errorf("a change is told as %q", line)
	}
	post(t, srv, "/leave", nil, cookie)
	m.change()
	select {
	case <-stopped:
	case <-time.After(10 * time.Second):
		t.Error("the stream goes on after signing out")
	}
	for deadline := time.Now().Add(10 * time.Second); m.watching() > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d still watch", m.watching())
		}
		time.Sleep(time.Millisecond)
	}
}
