package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
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
	const together = 100
	for _, clients := range []int{1, 4} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			d, r := newDesk(b, clients), newRaw(b)
			turns := (b.N + together - 1) / together
			d.accept((1 + turns) * together)
			d.route(together) // waits until the burst of acknowledgements is over
			compare(b, turns*together, turns,
				func() { d.route(together) },
				func() { r.insert(together * clients) })
		})
	}
}

// BenchmarkClaimAndRecord is one delivery claimed, of fifty that are claimed
// together, and its attempt recorded, by so many hands at a time. raw-ns/op is what
// SQLite takes to change a row and to insert one, in a commit of its own.
func BenchmarkClaimAndRecord(b *testing.B) {
	const together = 50
	for _, hands := range []int{1, 16} {
		b.Run(fmt.Sprint(hands), func(b *testing.B) {
			d, r := newDesk(b, 1), newRaw(b)
			turns := (b.N + together - 1) / together
			d.accept(turns * together)
			d.route(turns * together)
			r.insert(1)
			compare(b, turns*together, turns,
				func() { d.deliver(together, hands) },
				func() { r.attempts(together) })
		})
	}
}

// compare measures so many turns of each, which are n operations, and reports both.
func compare(b *testing.B, n, turns int, store, raw func()) {
	var stored, inserted time.Duration
	b.ResetTimer()
	for range turns {
		inserted += timed(raw)
		stored += timed(store)
	}
	b.ReportMetric(float64(stored.Nanoseconds())/float64(n), "ns/op")
	b.ReportMetric(float64(inserted.Nanoseconds())/float64(n), "raw-ns/op")
	b.ReportMetric(float64(stored)/float64(inserted), "ratio")
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// A desk is a store with clients that want everything.
type desk struct {
	b       *testing.B
	s       *sqlite.Store
	clients []int64
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

// accept has n more notifications arrive, from sixteen senders.
func (d *desk) accept(n int) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 16 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				accept(d.b, d.s, int(i))
			}
		})
	}
	wg.Wait()
}

// route routes the next n.
func (d *desk) route(n int) {
	next, err := d.s.Unrouted(context.Background(), n)
	if err != nil || len(next) != n {
		d.b.Fatalf("%d are to be routed, want %d: %v", len(next), n, err)
	}
	routes := make([]ppm.Route, n)
	for i, one := range next {
		routes[i].Receipt = one.Receipt
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
