package receiver_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"processmanager/receiver"
)

func TestAccessLogSaysWhatHappenedAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		o := options(t, new(journal))
		o.Access = &log
		h := newHandler(o)
		for _, tt := range []struct{ method, path, authorization, body, line string }{
			{"POST", "/notifications", authorization, sample, `203\.0\.113\.7 POST /notifications 200 34 0\.0ms 1-[0-9A-Z]{8}`},
			{"POST", "/notifications?canary=1", "", sample, `203\.0\.113\.7 POST /notifications 401 0 0\.0ms -`},
			{"POST", "/notifications", basic("canary", "canary"), "canary", `203\.0\.113\.7 POST /notifications 401 0 0\.0ms -`},
			{"POST", "/notifications", authorization, "canary", `203\.0\.113\.7 POST /notifications 400 6 0\.0ms -`},
			{"GET", "/a%0a2026%20b%22%25%c3%a9", "", "", `203\.0\.113\.7 GET /a%0A2026%20b%22%25%C3%A9 404 0 0\.0ms -`},
			{strings.Repeat("X", 100), "/" + strings.Repeat("x", 1000), "", "", `203\.0\.113\.7 X{16}\.\.\. /x{127}\.\.\. 404 0 0\.0ms -`},
		} {
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			r.RemoteAddr = somebody
			r.Header.Set("User-Agent", "canary")
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			time.Sleep(time.Second)
			lines := strings.Split(strings.TrimSpace(log.String()), "\n")
			last := lines[len(lines)-1]
			if !regexp.MustCompile(`^2000-01-01T00:00:\d\d\.000Z ` + tt.line + `$`).MatchString(last) {
				t.Errorf("%s %.50s: logged %s", tt.method, tt.path, last)
			}
		}
		if strings.Contains(log.String(), "canary") || strings.Count(log.String(), "\n") != 6 {
			t.Errorf("logged %s", log.String())
		}
	})
}

func TestAccessLogIsWrittenTogetherWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &countingWriter{}
		o := options(t, new(journal))
		o.Access = w
		h := newHandler(o)
		began := time.Now()
		for range 100 {
			post(h, "", somebody, "")
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		if lines, writes, last := w.counts(); lines != 100 || writes != 1 || last.Sub(began) > time.Second {
			t.Errorf("%d lines in %d writes, the last after %v", lines, writes, last.Sub(began))
		}
		for range 2000 { // some 120 KiB at once need not wait
			post(h, "", somebody, "")
		}
		synctest.Wait()
		if lines, _, _ := w.counts(); lines < 1000 {
			t.Errorf("only %d lines are written", lines)
		}
		time.Sleep(time.Second)
		if lines, _, _ := w.counts(); lines != 2100 {
			t.Errorf("%d lines are written", lines)
		}
	})
}

func TestAccessLogIsCompleteWhenServeReturns(t *testing.T) {
	w := &countingWriter{}
	o := options(t, new(journal))
	o.Access = w
	s := serve(t, o, "127.0.0.1:0")
	sender := newSender(dial(t, s.addr, clientTLS()))
	for range 10 {
		sender.post()
	}
	s.stop()
	s.wait(t)
	if lines, _, _ := w.counts(); lines != 10 {
		t.Errorf("%d lines", lines)
	}
}

// A disk that hangs must hold up neither notifications nor memory.
func TestAccessLogThatHangsCostsOnlyItsLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &countingWriter{stuck: make(chan struct{})}
		o := options(t, new(journal))
		o.Access = w
		h := newHandler(o)
		const requests = 30_000 // 1.7 MB of lines
		began := time.Now()
		post(h, authorization, somebody, sample)
		time.Sleep(time.Second)
		for range requests {
			post(h, "", somebody, "")
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v", took)
		}
		close(w.stuck)
		time.Sleep(time.Second)
		lines, _, _ := w.counts()
		var lost int
		fmt.Sscanf(w.text[strings.Index(w.text, "# "):], "# %d lines lost", &lost)
		if lost == 0 || lines-1+lost != requests+1 {
			t.Errorf("%d lines are written, %d lost", lines, lost)
		}
	})
}

type countingWriter struct {
	stuck  chan struct{} // blocks Write until it is closed
	mu     sync.Mutex
	text   string
	writes int
	last   time.Time
}

func (w *countingWriter) Write(p []byte) (int, error) {
	if w.stuck != nil {
		<-w.stuck
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text += string(p)
	w.writes++
	w.last = time.Now()
	return len(p), nil
}

func (w *countingWriter) counts() (lines, writes int, last time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.text, "\n"), w.writes, w.last
}

func BenchmarkAccessLog(b *testing.B) {
	with, without := options(b, forgetful{}), options(b, forgetful{})
	with.Access = io.Discard
	for name, o := range map[string]receiver.Options{"with": with, "without": without} {
		b.Run(name, func(b *testing.B) {
			h := newHandler(o)
			r := httptest.NewRequest("GET", "/notifications", nil)
			r.RemoteAddr = somebody
			w := httptest.NewRecorder()
			for b.Loop() {
				w.Body.Reset()
				h.ServeHTTP(w, r)
			}
		})
	}
}
