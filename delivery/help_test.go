package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"processmanager/delivery"
	"processmanager/ppm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backoff is the one of a client for which nothing else is said: 5 s to 1 h, 72 h.
var backoff = ppm.DefaultBackoff

var errRefused = errors.New("connection refused")

var discard = slog.New(slog.DiscardHandler)

// A way is a delivery.Way that notes what it is asked for, and when; answer
// says how it goes. It fails the test when two attempts at one delivery overlap.
type way struct {
	t      *testing.T
	answer func(ctx context.Context, p ppm.Parcel) (ppm.Response, error)

	mu    sync.Mutex
	began time.Time
	calls []call
	under map[ppm.DeliveryName]bool
	most  int // at one time
}

type call struct {
	name ppm.DeliveryName
	at   time.Duration // since the way was made, by the monotonic clock
}

func newWay(t *testing.T, answer func(ctx context.Context, p ppm.Parcel) (ppm.Response, error)) *way {
	return &way{t: t, answer: answer, began: time.Now(), under: make(map[ppm.DeliveryName]bool)}
}

func (w *way) Deliver(ctx context.Context, p ppm.Parcel) (ppm.Response, error) {
	w.mu.Lock()
	if w.under[p.DeliveryName] {
		w.t.Errorf("two attempts at %s at the same time", p.Key)
	}
	w.under[p.DeliveryName] = true
	w.most = max(w.most, len(w.under))
	w.calls = append(w.calls, call{p.DeliveryName, time.Since(w.began)})
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.under, p.DeliveryName)
		w.mu.Unlock()
	}()
	return w.answer(ctx, p)
}

// times returns when attempts began.
func (w *way) times() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	times := make([]time.Duration, len(w.calls))
	for i, c := range w.calls {
		times[i] = c.at
	}
	return times
}

// busiest returns how many attempts there were at one time since it was last asked.
func (w *way) busiest() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	most := w.most
	w.most = len(w.under)
	return most
}

// always answers so, after a while.
func always(after time.Duration, r ppm.Response, err error) func(context.Context, ppm.Parcel) (ppm.Response, error) {
	return func(ctx context.Context, _ ppm.Parcel) (ppm.Response, error) {
		select {
		case <-time.After(after):
			return r, err
		case <-ctx.Done():
			return ppm.Response{}, ctx.Err()
		}
	}
}

// lane returns lane 1 with one hand.
func lane(w delivery.Way) delivery.Lane {
	return delivery.Lane{Number: 1, Name: "billing", Way: w, Backoff: backoff, Concurrency: 1, Limit: 30 * time.Second}
}

// A wall is a wall clock that can be set. It starts right, and in UTC.
type wall struct {
	off  atomic.Int64
	zone atomic.Value // func(time.Time) *time.Location
}

func (w *wall) now() time.Time {
	now := time.Now().Add(time.Duration(w.off.Load()))
	if zone, ok := w.zone.Load().(func(time.Time) *time.Location); ok {
		return now.In(zone(now))
	}
	return now
}

func (w *wall) jump(by time.Duration) { w.off.Add(int64(by)) }

// A book keeps what is logged.
type book struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *book) count(what string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Count(b.text.Bytes(), []byte(what))
}

// An engine under test, running in a bubble of virtual time.
type engine struct {
	*delivery.Engine
	wall *wall
	log  *book
	stop func() // and wait until it has
}

// start runs an engine with lanes over q, without jitter, until stop or the end of the test.
func start(t *testing.T, q delivery.Queue, lanes ...delivery.Lane) *engine {
	t.Helper()
	e := &engine{wall: new(wall), log: new(book)}
	e.Engine = delivery.New(delivery.Options{
		Queue:  q,
		Log:    slog.New(slog.NewTextHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:    e.wall.now,
		Jitter: func() float64 { return 1 },
	})
	e.Set(lanes)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	e.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(e.stop)
	return e
}

// bubble runs f in virtual time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// pass lets time pass, and all that it brings.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func same(t *testing.T, got, want []time.Duration) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("attempts at %v; want %v", got, want)
	}
}
