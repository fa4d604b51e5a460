package sqlite

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"processmanager/ppm"
)

// BenchmarkBook is what the pages look up, with as many notifications as
// PPM_BENCH_NOTIFICATIONS says (20,000) and three deliveries each, one in a
// hundred of which gave up. It tells the time that 99 of 100 take at most.
func BenchmarkBook(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("PPM_BENCH_NOTIFICATIONS"))
	if err != nil {
		n = 20_000
	}
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for i := range 3 {
		c := ppm.Client{Name: fmt.Sprint("client ", i), Kind: ppm.Folder, Settings: []byte("{}"), Backoff: ppm.DefaultBackoff, Concurrency: 1}
		if _, err := s.SaveClient(b.Context(), c, "anna"); err != nil {
			b.Fatal(err)
		}
	}
	bookBenchFill(b, s, n)
	now := time.Now()
	for name, look := range map[string]func() error{
		"All":    func() error { return found(s.Browse(b.Context(), ppm.Query{}, ppm.Page{Limit: 50})) },
		"Failed": func() error { return found(s.Browse(b.Context(), ppm.Query{Status: ppm.Failed}, ppm.Page{Limit: 50})) },
		"Complete": func() error {
			return found(s.Browse(b.Context(), ppm.Query{Status: ppm.Complete}, ppm.Page{Limit: 50}))
		},
		"NeedsYou":  func() error { return found(s.Browse(b.Context(), ppm.Query{NeedsYou: true}, ppm.Page{Limit: 50})) },
		"OfAClient": func() error { return found(s.Browse(b.Context(), ppm.Query{Client: 2}, ppm.Page{Limit: 50})) },
		"Nowhere":   func() error { return found(s.Browse(b.Context(), ppm.Query{Client: 9}, ppm.Page{Limit: 50})) },
		"Since": func() error {
			return found(s.Browse(b.Context(), ppm.Query{Since: now.Add(-time.Hour)}, ppm.Page{Limit: 50}))
		},
		"Views":  func() error { _, err := s.ViewCounts(b.Context()); return err },
		"Counts": func() error { _, err := s.Counts(b.Context()); return err },
		"Pace":   func() error { _, err := s.Pace(b.Context(), now.Add(-24*time.Hour), now, 96); return err },
	} {
		b.Run(name, func(b *testing.B) {
			if err := look(); err != nil { // what was just written is still in the log
				b.Fatal(err)
			}
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if err := look(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
		})
	}
}

func found(_ ppm.Finding, err error) error { return err }

// bookBenchFill writes rows as they would be after n notifications a minute
// apart had been dealt with.
func bookBenchFill(b *testing.B, s *Store, n int) {
	newest := micros(time.Now())
	err := s.later(1, 0, func(w *batch) error {
		for i := 1; i <= n; i++ {
			note := ppm.Notification{Application: fmt.Sprintf("A%07d", i/3), Type: "batchApplicationStatusChange", Event: "Posted", Partner: "XXXXXXXX", EventTime: strconv.Itoa(i)}
			identity, body := note.Identity(), []byte(fmt.Sprintf(`{"id":%q,"notificationType":%q,"eventTime":%q,"eventDescription":"Posted","partnerCode":"XXXXXXXX"}`, note.Application, note.Type, note.EventTime))
			_, err := w.exec(`INSERT INTO notification (identity, application, type, event, partner, event_time, content, received_at, sender, body_sha256, body)
				VALUES (?, ?, ?, ?, ?, ?, '', ?, '192.0.2.1', zeroblob(32), ?)`,
				identity[:], note.Application, note.Type, note.Event, note.Partner, note.EventTime, newest-int64(n-i)*10_000_000, body)
			for client := int64(1); err == nil && client <= 3; client++ {
				state := int64(stateDelivered)
				if i%100 == 0 && client == 1 {
					state = stateGaveUp
				}
				_, err = w.exec(`INSERT INTO delivery (notification, client, application, state, queued, attempts, changed_at, rule, reason)
					VALUES (?, ?, ?, ?, 0, 1, ?, 1, 'rule 1')`, int64(i), client, note.Application, state, newest)
			}
			if err == nil && i%100 == 0 {
				_, err = w.exec(`INSERT INTO work (notification, open, gave_up, ended_at) VALUES (?, 0, 1, ?)`, int64(i), newest)
			}
			if err != nil {
				return err
			}
		}
		_, err := w.exec(`UPDATE tally SET value = ? WHERE name IN ('routed')`, int64(n))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
