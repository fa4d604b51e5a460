package receiver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"processmanager/ppm"
	"processmanager/receiver"
)

// post returns h's answer to a notification with that Authorization from addr.
func post(h http.Handler, authorization, addr, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/notifications", strings.NewReader(body))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	r.RemoteAddr = addr
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const somebody = "203.0.113.7:50000"

func TestArrivalIsWhatCame(t *testing.T) {
	j := new(journal)
	o := options(t, j)
	at := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	o.Now = func() time.Time { return at }
	body := "\ufeff{ \"ID\" : \"A1\",\n\"other\":1}"
	if w := post(newHandler(o), authorization, "[::ffff:203.0.113.7]:50000", body); w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	a := j.arrivals[0]
	if string(a.Body) != body || a.From != "203.0.113.7" || !a.At.Equal(at) || a.Application != "A1" {
		t.Errorf("got %+v", a)
	}
}

func TestRejectionIsKeptAndSaysWhy(t *testing.T) {
	j := new(journal)
	h := newHandler(options(t, j))
	post(h, authorization, somebody, "[")
	post(h, authorization, somebody, `{"a":1}`)
	first, second := j.rejections[0], j.rejections[1]
	if first.Status != 400 || first.Line != 2 || first.Column != 1 || first.Reason != "line 2, column 1: not JSON" ||
		string(first.Body) != "[" || first.From != "203.0.113.7" || first.At.IsZero() {
		t.Errorf("got %+v", first)
	}
	if second.Status != 422 || second.Line != 0 || second.Reason != "id is missing" {
		t.Errorf("got %+v", second)
	}
}

// A decoder may have more or less to say than ours.
func TestFaultWithoutPlaceOrStatus(t *testing.T) {
	j := new(journal)
	o := options(t, j)
	why := error(statusOnly{errors.New("no <id>")})
	o.Parse = func([]byte) (ppm.Notification, error) { return ppm.Notification{}, why }
	h := newHandler(o)
	if w := post(h, authorization, somebody, "x"); w.Code != 422 || w.Body.String() != "{\"error\":\"no <id>\"}\n" {
		t.Error(w.Code, w.Body)
	}
	why = errors.New("no \"id\"")
	if w := post(h, authorization, somebody, "x"); w.Code != 400 || w.Body.String() != "{\"error\":\"no \\\"id\\\"\"}\n" {
		t.Error(w.Code, w.Body)
	}
}

type statusOnly struct{ error }

func (statusOnly) Status() int { return 422 }

func TestNothingIsAcknowledgedThatIsNotStored(t *testing.T) {
	for _, err := range []error{errors.New("disk full"), context.DeadlineExceeded, context.Canceled, io.EOF} {
		j := &journal{acceptErr: err, rejectErr: err}
		h := newHandler(options(t, j))
		for _, body := range []string{sample, "["} {
			w := post(h, authorization, somebody, body)
			if w.Code != 503 || w.Header().Get("Retry-After") != "30" || !strings.Contains(w.Body.String(), "could not be stored") {
				t.Errorf("%v, body %s: answered %d %s", err, body, w.Code, w.Body)
			}
		}
		j.acceptErr, j.rejectErr = nil, nil
		if w := post(h, authorization, somebody, sample); w.Code != 200 {
			t.Errorf("after %v went away: answered %d", err, w.Code)
		}
	}
}

func TestPanicIsAnsweredAndLoggedWithoutTheBody(t *testing.T) {
	for _, p := range []any{"canary in the coal mine", errors.New("canary"), ppm.Arrival{Body: []byte("canary")}} {
		var logged bytes.Buffer
		o := options(t, &journal{panics: p})
		o.Log = slog.New(slog.NewTextHandler(&logged, nil))
		w := post(newHandler(o), authorization, somebody, sample)
		if w.Code != 500 || !strings.Contains(w.Body.String(), "not stored") {
			t.Errorf("%v: answered %d %s", p, w.Code, w.Body)
		}
		if !strings.Contains(logged.String(), "handler panicked") || strings.Contains(logged.String(), "canary") {
			t.Errorf("logged %s", logged.String())
		}
	}
}

func TestOverloadIsAnswered503AtOnce(t *testing.T) {
	j := &journal{entered: make(chan struct{}), release: make(chan struct{})}
	o := options(t, j)
	o.MaxRequests = 2
	h := newHandler(o)
	var inside sync.WaitGroup
	for range 2 {
		inside.Go(func() {
			if w := post(h, authorization, somebody, sample); w.Code != 200 {
				t.Errorf("one inside was answered %d", w.Code)
			}
		})
		<-j.entered
	}
	if w := post(h, authorization, somebody, sample); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many was answered %d", w.Code)
	}
	// Strangers don't count, and don't get to know.
	if w := post(h, "", somebody, sample); w.Code != 401 {
		t.Errorf("a stranger was answered %d", w.Code)
	}
	close(j.release)
	inside.Wait()
	go func() { <-j.entered }()
	if w := post(h, authorization, somebody, sample); w.Code != 200 {
		t.Errorf("afterwards: answered %d", w.Code)
	}
}

func TestJournalThatNeverAnswersIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{entered: make(chan struct{}, 1), release: make(chan struct{})}
		began := time.Now()
		w := post(newHandler(options(t, j)), authorization, somebody, sample)
		if took := time.Since(began); w.Code != 503 || took != 15*time.Second {
			t.Errorf("answered %d after %v", w.Code, took)
		}
	})
}

func TestSameTroubleIsLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		j := &journal{acceptErr: errors.New("disk full")}
		o := options(t, j)
		o.Log = slog.New(slog.NewTextHandler(&logged, nil))
		h := newHandler(o)
		lines := func() int { return strings.Count(logged.String(), "disk full") }
		for range 100 {
			post(h, authorization, somebody, sample)
		}
		if lines() != 1 {
			t.Errorf("%d lines for 100 requests", lines())
		}
		time.Sleep(time.Minute)
		post(h, authorization, somebody, sample)
		if lines() != 2 || !strings.Contains(logged.String(), "unmentioned=99") {
			t.Errorf("a minute later: %s", logged.String())
		}
		j.acceptErr = errors.New("disk on fire")
		post(h, authorization, somebody, sample)
		if !strings.Contains(logged.String(), "disk on fire") {
			t.Error("other trouble was held back")
		}
	})
}

func TestProxySaysWhoSent(t *testing.T) {
	for _, tt := range []struct {
		proxied bool
		peer    string
		header  []string
		from    string
	}{
		{true, "127.0.0.1:4000", []string{"203.0.113.7"}, "203.0.113.7"},
		{true, "127.0.0.1:4000", []string{"10.0.0.1, 203.0.113.7"}, "203.0.113.7"},
		{true, "127.0.0.1:4000", []string{"10.0.0.1", "203.0.113.7"}, "203.0.113.7"},
		{true, "[::1]:4000", []string{"2001:db8::1"}, "2001:db8::1"},
		{true, "127.0.0.1:4000", []string{"203.0.113.7:50000"}, "203.0.113.7"},
		{true, "127.0.0.1:4000", []string{"203.0.113.7, nonsense\t"}, "127.0.0.1"},
		{true, "127.0.0.1:4000", []string{""}, "127.0.0.1"},
		{true, "127.0.0.1:4000", nil, "127.0.0.1"},
		{true, "192.0.2.1:4000", []string{"203.0.113.7"}, "192.0.2.1"}, // not our proxy
		{false, "127.0.0.1:4000", []string{"203.0.113.7"}, "127.0.0.1"},
	} {
		j := new(journal)
		o := options(t, j)
		o.Proxied = tt.proxied
		r := httptest.NewRequest("POST", "/notifications", strings.NewReader(sample))
		r.RemoteAddr = tt.peer
		r.Header.Set("Authorization", authorization)
		if tt.header != nil {
			r.Header["X-Forwarded-For"] = tt.header
		}
		receiver.New(o).Handler().ServeHTTP(httptest.NewRecorder(), r)
		if from := j.arrivals[0].From; from != tt.from {
			t.Errorf("proxied %v, peer %s, header %q: from %s, want %s", tt.proxied, tt.peer, tt.header, from, tt.from)
		}
	}
}
