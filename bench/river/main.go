// Command river does with River on SQLite what bench drain does with ppm: it
// keeps a backlog of jobs for ten queues and works it off with fifty workers,
// each of which posts its job to a sink. It is a module of its own, so that the
// product does not depend on River.
//
//	go run . -sink http://127.0.0.1:1234/ -dir DIR -jobs 10000
//
// It prints one JSON object.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite"
)

func main() {
	var s settings
	flag.StringVar(&s.sink, "sink", "", "`address` that takes the jobs")
	flag.StringVar(&s.dir, "dir", "", "`folder` for the database, on a real disk")
	flag.IntVar(&s.jobs, "jobs", 10_000, "how many jobs to work off")
	flag.IntVar(&s.queues, "queues", 10, "over how many queues")
	flag.IntVar(&s.workers, "workers", 50, "with how many workers in all")
	flag.IntVar(&s.connections, "connections", 1, "to the database; River's guide for SQLite says 1")
	flag.IntVar(&s.singles, "singles", 200, "how many jobs to insert one at a time afterwards")
	flag.Parse()
	r, err := s.run(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "river:", err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(r)
}

type settings struct {
	sink, dir                                   string
	jobs, queues, workers, connections, singles int
}

// A result is what was measured; times are in microseconds.
type result struct {
	Jobs      int     `json:"jobs"`
	Seconds   float64 `json:"seconds"`    // from the start to the last one recorded as done
	PerSecond float64 `json:"per_second"` // jobs
	P50       float64 `json:"p50_us"`     // from insert to attempt, one at a time
	P99       float64 `json:"p99_us"`
}

// A job is posted as it is.
type job struct {
	Body json.RawMessage `json:"body"`
}

func (job) Kind() string { return "delivery" }

// A worker posts jobs to the sink and notes when it began.
type worker struct {
	river.WorkerDefaults[job]
	sink   string
	client *http.Client
	began  chan time.Time // nil: nobody asks
	mu     sync.Mutex
}

func (w *worker) Work(ctx context.Context, j *river.Job[job]) error {
	w.mu.Lock()
	began := w.began
	w.mu.Unlock()
	if began != nil {
		began <- time.Now()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.sink, bytes.NewReader(j.Args.Body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := w.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the sink answered %s", answer.Status)
	}
	return nil
}

func (s settings) run(ctx context.Context) (result, error) {
	// As durable as ppm: write-ahead log, synchronous FULL, immediate transactions.
	dsn := (&url.URL{Scheme: "file", Path: filepath.Join(s.dir, "river.db"), RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "foreign_keys(1)"}, "_txlock": {"immediate"},
	}.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return result{}, err
	}
	defer db.Close()
	db.SetMaxOpenConns(s.connections)
	driver := riversqlite.New(db)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		return result{}, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return result{}, err
	}
	if err := durable(ctx, db); err != nil {
		return result{}, err
	}

	w := &worker{sink: s.sink, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: s.workers}}}
	workers := river.NewWorkers()
	river.AddWorker(workers, w)
	queues := map[string]river.QueueConfig{}
	for i := range s.queues {
		queues[queue(i)] = river.QueueConfig{MaxWorkers: s.workers / s.queues}
	}
	client, err := river.NewClient(driver, &river.Config{
		Queues: queues, Workers: workers, FetchCooldown: river.FetchCooldownMin, FetchPollInterval: 5 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return result{}, err
	}
	if err := s.insert(ctx, client); err != nil {
		return result{}, err
	}
	began := time.Now()
	if err := client.Start(ctx); err != nil {
		return result{}, err
	}
	if err := drained(ctx, db); err != nil {
		return result{}, err
	}
	took := time.Since(began)
	waits, err := s.alone(ctx, client, w)
	if err != nil {
		return result{}, err
	}
	if err := client.Stop(ctx); err != nil {
		return result{}, err
	}
	slices.Sort(waits)
	at := func(q float64) float64 {
		if len(waits) == 0 {
			return 0
		}
		return float64(waits[min(len(waits)-1, int(q*float64(len(waits))))].Nanoseconds()) / 1000
	}
	return result{s.jobs, took.Seconds(), float64(s.jobs) / took.Seconds(), at(0.5), at(0.99)}, nil
}

func queue(i int) string { return fmt.Sprintf("client_%d", i) }

// body is about what a notification is.
func body(i int) json.RawMessage {
	return fmt.Appendf(nil, `{"id":"A%06d","content":"https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/A%06d","notificationType":"batchApplicationStatusChange","partnerCode":"XXXXXXXX","eventDescription":"Posted","eventTime":"2026-11-25T09:00:00"}`, i, i)
}

func (s settings) insert(ctx context.Context, client *river.Client[*sql.Tx]) error {
	const at = 500
	for i := 0; i < s.jobs; i += at {
		var params []river.InsertManyParams
		for j := i; j < min(i+at, s.jobs); j++ {
			params = append(params, river.InsertManyParams{Args: job{body(j)}, InsertOpts: &river.InsertOpts{Queue: queue(j % s.queues)}})
		}
		if _, err := client.InsertManyFast(ctx, params); err != nil {
			return err
		}
	}
	return nil
}

// drained returns when every job is recorded as completed.
func drained(ctx context.Context, db *sql.DB) error {
	for {
		var left int
		if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM river_job WHERE state <> 'completed')`).Scan(&left); err != nil {
			return err
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// alone inserts jobs one at a time and returns how long each waited for its attempt.
func (s settings) alone(ctx context.Context, client *river.Client[*sql.Tx], w *worker) ([]time.Duration, error) {
	began := make(chan time.Time, 1)
	w.mu.Lock()
	w.began = began
	w.mu.Unlock()
	var waits []time.Duration
	for i := range s.singles {
		inserted := time.Now()
		if _, err := client.Insert(ctx, job{body(s.jobs + i)}, &river.InsertOpts{Queue: queue(i % s.queues)}); err != nil {
			return nil, err
		}
		select {
		case at := <-began:
			waits = append(waits, at.Sub(inserted))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return waits, nil
}

// durable reads back that a commit is on disk when it returns.
func durable(ctx context.Context, db *sql.DB) error {
	var journal string
	var synchronous int
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&journal); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&synchronous); err != nil {
		return err
	}
	if journal != "wal" || synchronous != 2 {
		return fmt.Errorf("journal_mode %s, synchronous %d: not as durable as ppm", journal, synchronous)
	}
	return nil
}
