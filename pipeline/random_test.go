package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"processmanager/ppm"
)

// luck is chance that can be had again by its seed, from several goroutines.
type luck struct {
	mu sync.Mutex
	r  *rand.Rand
}

// of reports true in so many of a hundred cases.
func (l *luck) of(hundred int) bool { return l.below(100) < hundred }

func (l *luck) below(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.IntN(n)
}

// TestWhateverFailsEveryNotificationReachesWhoWantsItInOrder lets notifications
// come, 30 % of them again, while the API fails one time in ten, clients one in
// five, and the pipeline is stopped and started.
func TestWhateverFailsEveryNotificationReachesWhoWantsItInOrder(t *testing.T) {
	for _, seed := range []uint64{1, uint64(time.Now().UnixNano())} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { chaos(t, &luck{r: rand.New(rand.NewPCG(seed, 0))}) })
	}
}

func chaos(t *testing.T, by *luck) {
	hurry(t)
	const applications, notifications = 8, 60
	p := newPlatform(t)
	fetched := map[string]int{} // successfully, by path
	var mu sync.Mutex
	p.answers(func(w http.ResponseWriter, r *http.Request) {
		if by.of(10) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		mu.Lock()
		fetched[r.URL.Path]++
		mu.Unlock()
		fmt.Fprintf(w, `{"amount":%s}`, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
	})
	h := newHouse(t, p.api(t))
	type wanting struct {
		ppm.Client
		*sink
		wants func(i int) bool
	}
	every := func(int) bool { return true }
	var clients []wanting
	for _, c := range []struct {
		name   string
		rule   ppm.Rule
		change func(*ppm.Client)
		wants  func(i int) bool
	}{
		{"plain", ppm.Rule{}, nil, every},
		{"with data", ppm.Rule{}, func(c *ppm.Client) { c.Data = true }, every},
		{"large ones", ppm.Rule{When: "application.amount >= 40"}, nil, func(i int) bool { return i >= 40 }},
		{"in any order", ppm.Rule{}, func(c *ppm.Client) { c.Ordered, c.Concurrency = false, 4 }, every},
		{"funded", ppm.Rule{Event: "Funded"}, nil, func(int) bool { return false }},
	} {
		s := newSink(t)
		s.answers(func(given) int {
			if by.of(20) {
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		})
		clients = append(clients, wanting{h.client(c.name, s.URL, c.change, c.rule), s, c.wants})
	}
	h.start()
	var come []ppm.Notification
	var receipts []ppm.Receipt
	for len(come) < notifications {
		i := len(come)
		n := notification(fmt.Sprintf("A%d", by.below(applications)), fmt.Sprintf("%03d", i), p.at(fmt.Sprintf("loans/%d", i)))
		come, receipts = append(come, n), append(receipts, h.accept(n))
		if by.of(30) {
			again := by.below(len(come))
			if r := h.accept(come[again]); r != receipts[again] {
				t.Fatalf("%s came again as %s", receipts[again], r)
			}
		}
		if by.of(10) {
			h.stop()
			if by.of(50) { // some come while it does not run
				continue
			}
		}
		if h.end == nil {
			h.start()
		}
	}
	h.stop()
	h.start()
	h.settled()
	h.stop()

	var want int64
	for _, c := range clients {
		confirmed := map[string]int{}
		last := map[string]string{} // event, by application
		for _, g := range c.had() {
			if !g.confirmed {
				continue
			}
			confirmed[g.key]++
			if c.Ordered && g.event < last[g.application] {
				t.Errorf("%s: of %s, %s came after %s", c.Name, g.application, g.event, last[g.application])
			}
			last[g.application] = g.event
		}
		for i, r := range receipts {
			d := h.delivery(r, c.Number)
			switch {
			case !c.wants(i):
				if d.State != ppm.NotWanted || confirmed[d.Key()] != 0 {
					t.Errorf("%s: %s is %s, and was confirmed %d times; it is not wanted", c.Name, d.Key(), d.State, confirmed[d.Key()])
				}
				continue
			case d.State != ppm.Delivered || confirmed[d.Key()] != 1:
				t.Errorf("%s: %s is %s, and was confirmed %d times", c.Name, d.Key(), d.State, confirmed[d.Key()])
			}
			want++
			delete(confirmed, d.Key())
		}
		if len(confirmed) > 0 {
			t.Errorf("%s was given %v besides", c.Name, confirmed)
		}
	}
	counts, err := h.Counts(t.Context())
	check(t, err)
	if counts.Accepted != notifications || counts.Redeliveries == 0 || counts.Deliveries != (ppm.DeliveryCounts{Delivered: want}) {
		t.Errorf("counted: %+v; want %d delivered", counts, want)
	}
	for i, r := range receipts {
		if n := fetched[fmt.Sprintf("/v1/loans/%d", i)]; n != 1 || len(h.detail(r).Fetches) != 1 {
			t.Errorf("%s was fetched %d times, %d of which are kept", r, n, len(h.detail(r).Fetches))
		}
	}
}
