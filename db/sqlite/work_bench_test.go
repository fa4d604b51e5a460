package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"processmanager/db/sqlite"
	"processmanager/ppm"
)

// BenchmarkRoute is one notification routed to so many clients that want it, of
// a hundred that are routed together. raw-ns/op is what SQLite takes to insert as
// many rows, with the same durability, turn and turn about; ratio is the one to
// the other.
func BenchmarkRoute(b *testing.B) {
	for _, clients := range []int{1, 4} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			const together = 100
			d := newDesk(b, clients)
			r := newRaw(b)
			var store, raw time.Duration
			done := 0
			for ; done < b.N; done += together {
				b.StopTimer()
				d.accept(together)
				raw += timed(func() { r.insert(together * clients) })
				b.StartTimer()
				store += timed(d.route)
			}
			report(b, store, raw, done)
		})
	}
}

// BenchmarkClaimAndRecord is one delivery claimed, of fifty that are claimed
// together, and its attempt recorded, by so many hands at a time. raw-ns/op is what
// SQLite takes to change a row and to insert one, in a commit of its own.
func BenchmarkClaimAndRecord(b *testing.B) {
	for _, hands := range []int{1, 16} {
		b.Run(fmt.Sprint(hands), func(b *testing.B) {
			const together = 50
			d := newDesk(b, 1)
			r := newRaw(b)
			r.insert(1)
			var store, raw time.Duration
			done := 0
			for ; done < b.N; done += together {
				b.StopTimer()
				d.accept(together)
				d.route()
				raw += timed(func() { r.attempts(together) })
				b.StartTimer()
				store += timed(func() { d.deliver(together, hands) })
			}
			report(b, store, raw, done)
		})
	}
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func report(b *testing.B, store, raw time.Duration, n int) {
	b.ReportMetric(float64(store.Nanoseconds())/float64(n), "ns/op")
	b.ReportMetric(float64(raw.Nanoseconds())/float64(n), "raw-ns/op")
	b.ReportMetric(float64(store)/float64(raw), "ratio")
}

// A desk is a store with clients that want everything.
type desk struct {
	b       *testing.B
	s       *sqlite.Store
	clients []int64
	came    int
}

func newDesk(b *testing.B, clients int) *desk {
	s, err := sqlite.Open(sqlite.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	d := &desk{b: b, s: s}
	for i := range clients {
		number, err := s.SaveClient(context.Background(), ppm.Client{Name: fmt.Sprint("client ", i), Kind: ppm.Folder, Ordered: true, Backoff: ppm.DefaultBackoff, Concurrency: 1}, "bench")
		if err != nil {
			b.Fatal(err)
		}
		d.clients = append(d.clients, number)
	}
	return d
}

// accept has n more notifications arrive, as fast as they can.
func (d *desk) accept(n int) {
	var wg sync.WaitGroup
	for range n {
		i := d.came
		wg.Go(func() { accept(d.b, d.s, i) })
		d.came++
	}
	wg.Wait()
}

// route routes all that have come.
func (d *desk) route() {
	next, err := d.s.Unrouted(context.Background(), 1000)
	if err != nil {
		d.b.Fatal(err)
	}
	routes := make([]ppm.Route, len(next))
	for i, n := range next {
		routes[i].Receipt = n.Receipt
		for _, client := range d.clients {
			routes[i].Decisions = append(routes[i].Decisions, ppm.Decision{Client: client, Outcome: ppm.Wanted, Reason: "rule 1", Rule: 1})
		}
	}
	if err := d.s.Route(context.Background(), routes); err != nil {
		d.b.Fatal(err)
	}
}

// deliver claims n deliveries and records that each is delivered.
func (d *desk) deliver(n, hands int) {
	now := time.Now()
	claimed, _, err := d.s.Claim(context.Background(), d.clients[0], now, now.Add(time.Minute), time.Hour, n)
	if err != nil || len(claimed) != n {
		d.b.Fatalf("claimed %d, %v", len(claimed), err)
	}
	deliveries := make(chan ppm.Delivery, n)
	for _, one := range claimed {
		deliveries <- one
	}
	close(deliveries)
	var wg sync.WaitGroup
	for range hands {
		wg.Go(func() {
			for one := range deliveries {
				a := ppm.Attempt{Before: one, After: one.Attempted(now, now, nil, ppm.DefaultBackoff, 0), Began: now, Response: ppm.Response{Status: 200}}
				if err := d.s.Record(context.Background(), a); err != nil {
					d.b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// raw is SQLite without a store around it.
type raw struct {
	b    *testing.B
	pool *sql.DB
	rows int
}

func newRaw(b *testing.B) *raw {
	pool, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(b.TempDir(), "raw.db"))+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { pool.Close() })
	pool.SetMaxOpenConns(1)
	r := &raw{b: b, pool: pool}
	r.write(func(tx *sql.Tx) error {
		_, err := tx.Exec(`CREATE TABLE one (id INTEGER PRIMARY KEY, state INTEGER, reason TEXT) STRICT`)
		return err
	})
	return r
}

func (r *raw) write(apply func(*sql.Tx) error) {
	tx, err := r.pool.Begin()
	if err == nil {
		err = apply(tx)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		r.b.Fatal(err)
	}
}

// insert inserts n rows in one commit.
func (r *raw) insert(n int) {
	r.write(func(tx *sql.Tx) error {
		add, err := tx.Prepare(`INSERT INTO one (id, state, reason) VALUES (?, 1, 'rule 1')`)
		for range n {
			if err != nil {
				return err
			}
			r.rows++
			_, err = add.Exec(r.rows)
		}
		return err
	})
}

// attempts changes a row and inserts one, in each of n commits.
func (r *raw) attempts(n int) {
	for range n {
		r.write(func(tx *sql.Tx) error {
			if _, err := tx.Exec(`UPDATE one SET state = 3 WHERE id = ?`, r.rows); err != nil {
				return err
			}
			r.rows++
			_, err := tx.Exec(`INSERT INTO one (id, state, reason) VALUES (?, 1, 'rule 1')`, r.rows)
			return err
		})
	}
}
