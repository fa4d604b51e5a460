//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sinks are the partner's programs that take deliveries over HTTP, one at each
// path. They note every delivery and, as long as they are flaky, fail one in five.
type sinks struct {
	series series // what was posted
	url    string
	server *http.Server
	flaky  atomic.Bool

	mu    sync.Mutex
	taken map[string]*taken // by client
	fault error             // the first delivery that must not be
}

// taken is what one client has been given.
type taken struct {
	keys     map[int]string    // by notification
	numbers  map[string]int    // by key
	lines    map[string][]took // by application, in the order in which it came
	answered map[string]int    // 200s, by key
	lost     int               // taken, but the answer was cut off
	refused  int               // answered 500 or nothing
}

// took is one delivery, and whether the sink made it good.
type took struct {
	receipt int // the number in the receipt
	good    bool
}

func (l *lab) newSinks(posted series) (*sinks, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sinks{series: posted, url: "http://" + ln.Addr().String() + "/", taken: map[string]*taken{}}
	s.server = &http.Server{Handler: s}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.server.Serve(ln) })
	l.cleanup(func() error { err := s.server.Close(); serving.Wait(); return err })
	return s, nil
}

// ServeHTTP takes one delivery.
func (s *sinks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the program was killed in the middle of it
	}
	client := strings.TrimPrefix(r.URL.Path, "/")
	luck := rand.IntN(100)
	if !s.flaky.Load() {
		luck = 99
	}
	cut := luck < 5 // taken, but the answer gets lost
	good := cut || luck >= 20
	if err := s.take(client, r.Header.Get("webhook-id"), body, good, cut); err != nil {
		s.report(fmt.Errorf("%s was given %q under the key %q: %w", client, head(string(body)), r.Header.Get("webhook-id"), err))
	}
	switch {
	case cut, luck < 8:
		panic(http.ErrAbortHandler)
	case luck < 12:
		time.Sleep(time.Duration(luck) * 10 * time.Millisecond) // slow, and then it fails
		fallthrough
	case !good:
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// take notes a delivery and looks at what can be seen at once: that one
// notification has one key, and one key stands for one notification.
func (s *sinks) take(client, key string, body []byte, good, cut bool) error {
	n, err := read(client, key, body)
	if err != nil {
		return err
	}
	number, ok := s.series.number(n)
	if !ok {
		return errors.New("nobody posted that")
	}
	text, _, _ := strings.Cut(key, "-")
	receipt, err := strconv.Atoi(text)
	if err != nil {
		return errors.New("the key does not begin with the receipt's number")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.taken[client]
	if t == nil {
		t = &taken{map[int]string{}, map[string]int{}, map[string][]took{}, map[string]int{}, 0, 0}
		s.taken[client] = t
	}
	if k, ok := t.keys[number]; ok && k != key {
		return fmt.Errorf("it came under the key %q before", k)
	}
	if other, ok := t.numbers[key]; ok && other != number {
		return fmt.Errorf("notification %d came under that key before", other)
	}
	t.keys[number], t.numbers[key] = key, number
	t.lines[n.Application] = append(t.lines[n.Application], took{receipt, good})
	switch {
	case cut:
		t.lost++
	case good:
		t.answered[key]++
	default:
		t.refused++
	}
	return nil
}

// read returns the notification that a client was given. The client data gets
// the application's data with it, which must be that of the application.
func read(client, key string, body []byte) (n six, err error) {
	if client != "data" {
		return n, json.Unmarshal(body, &n)
	}
	var with struct {
		Key          string
		Notification six
		Application  json.RawMessage
	}
	if err := json.Unmarshal(body, &with); err != nil {
		return n, err
	}
	n = with.Notification
	switch {
	case with.Key != key:
		err = fmt.Errorf("within, the key is %q", with.Key)
	case string(with.Application) != application(n.Application):
		err = errors.New("the data is not that of its application")
	}
	return n, err
}

func (s *sinks) report(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil {
		s.fault = err
	}
}

// of returns what a client has been given; nobody may be delivering any more.
func (s *sinks) of(client string) *taken {
	if t := s.taken[client]; t != nil {
		return t
	}
	return &taken{}
}

// inOrder returns an error unless, for each application, nothing came before
// the one that arrived before it had been taken well.
func (t *taken) inOrder() error {
	for application, line := range t.lines {
		for i, d := range line {
			for _, earlier := range receipts(line) {
				if earlier >= d.receipt {
					break
				}
				if !slices.ContainsFunc(line[:i], func(e took) bool { return e.receipt == earlier && e.good }) {
					return fmt.Errorf("of application %s, the notification %d was delivered before number %d had been taken", application, d.receipt, earlier)
				}
			}
		}
	}
	return nil
}

// receipts returns the numbers in line, each once, lowest first.
func receipts(line []took) (numbers []int) {
	for _, d := range line {
		numbers = append(numbers, d.receipt)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// twice returns how many answers 200 went out for something that had been
// answered 200 before.
func (t *taken) twice() (n int) {
	for _, answers := range t.answered {
		n += answers - 1
	}
	return n
}
