package receiver_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWrongPasswordsAreSlowedDownPerAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(options(t, new(journal)))
		guess := func(addr string) (took time.Duration, closed bool) {
			began := time.Now()
			w := post(h, basic(username, "guess"), addr, "")
			if w.Code != 401 {
				t.Errorf("answered %d", w.Code)
			}
			return time.Since(began), w.Header().Get("Connection") == "close"
		}
		for i := range 10 {
			if took, closed := guess(somebody); took != 0 || closed {
				t.Errorf("guess %d: waited %v, closed %v", i+1, took, closed)
			}
		}
		for i := range 5 {
			if took, closed := guess(somebody); took != 200*time.Millisecond || closed {
				t.Errorf("guess %d: waited %v, closed %v", i+11, took, closed)
			}
		}
		// Others, and the right password, are none the worse for it.
		if took, _ := guess("203.0.113.8:50000"); took != 0 {
			t.Errorf("another address waited %v", took)
		}
		began := time.Now()
		if w := post(h, authorization, somebody, sample); w.Code != 200 || time.Since(began) != 0 {
			t.Errorf("the right password was answered %d after %v", w.Code, time.Since(began))
		}
		if w := post(h, "", somebody, sample); w.Code != 401 || time.Since(began) != 0 {
			t.Errorf("no password was answered %d after %v", w.Code, time.Since(began))
		}
		time.Sleep(2 * time.Second)
		for range 10 {
			if took, _ := guess(somebody); took != 0 {
				t.Errorf("after a rest: waited %v", took)
			}
		}
	})
}

func TestManyWrongPasswordsAtOnceAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(options(t, new(journal)))
		var all sync.WaitGroup
		var mu sync.Mutex
		var longest time.Duration
		closed := 0
		for range 100 {
			all.Go(func() {
				began := time.Now()
				w := post(h, basic(username, "guess"), somebody, "")
				mu.Lock()
				defer mu.Unlock()
				longest = max(longest, time.Since(began))
				if w.Header().Get("Connection") == "close" {
					closed++
				}
			})
		}
		all.Wait()
		if longest != 2*time.Second || closed != 80 { // ten free, ten wait
			t.Errorf("longest wait %v, %d closed", longest, closed)
		}
	})
}

func TestIPv6IsHeldAgainstTheWholeSubnet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(options(t, new(journal)))
		for i := range 10 {
			post(h, basic(username, "guess"), fmt.Sprintf("[2001:db8::%x]:4000", i), "")
		}
		began := time.Now()
		post(h, basic(username, "guess"), "[2001:db8::ffff:1]:4000", "")
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("the same /64 waited %v", took)
		}
		began = time.Now()
		post(h, basic(username, "guess"), "[2001:db8:0:1::1]:4000", "")
		if took := time.Since(began); took != 0 {
			t.Errorf("another /64 waited %v", took)
		}
	})
}

func TestMissingCredentialsAreNoAttack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		o := options(t, new(journal))
		o.Log = slog.New(slog.NewTextHandler(&logged, nil))
		h := newHandler(o)
		began := time.Now()
		for range 1000 {
			post(h, "", somebody, sample)
		}
		if took := time.Since(began); took != 0 || logged.Len() > 0 {
			t.Errorf("waited %v, logged %s", took, logged.String())
		}
	})
}

func TestWrongPasswordsAreLoggedOnceAMinutePerAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		o := options(t, new(journal))
		o.Log = slog.New(slog.NewTextHandler(&logged, nil))
		h := newHandler(o)
		for range 15 {
			post(h, basic(username, "canary"), somebody, "")
		}
		post(h, basic(username, "canary"), "203.0.113.8:50000", "")
		if n := strings.Count(logged.String(), "\n"); n != 2 || strings.Contains(logged.String(), "canary") {
			t.Errorf("logged %s", logged.String())
		}
	})
}

// Whoever guesses from ever new addresses must not fill the memory; that he
// makes room for himself by it, he could have by waiting.
func TestThrottleForgetsTheOldestAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(options(t, new(journal)))
		wait := func(addr string) time.Duration {
			began := time.Now()
			post(h, basic(username, "guess"), addr, "")
			return time.Since(began)
		}
		for range 10 {
			wait(somebody)
		}
		crowd := func(network, n int) {
			for i := range n {
				wait(fmt.Sprintf("10.%d.%d.%d:1", network, i>>8, i&255))
			}
		}
		crowd(1, 4000)
		if d := wait(somebody); d != 200*time.Millisecond {
			t.Errorf("after 4,000 others: waited %v", d)
		}
		for range 10 {
			wait(somebody)
		}
		crowd(2, 11000)
		if d := wait(somebody); d != 0 {
			t.Errorf("after 11,000 others: waited %v", d)
		}
	})
}
