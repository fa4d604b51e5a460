package delivery_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"processmanager/delivery"
	"processmanager/ppm"
)

// BenchmarkDelivery is what the engine itself costs a delivery: to a client that
// does nothing, from a queue that only counts. Beside it, the same calls in a
// bare loop, one delivery at a time, and the least that handing each one to a
// goroutine and taking its outcome back can cost.
func BenchmarkDelivery(b *testing.B) {
	b.Run("bare loop", func(b *testing.B) {
		q := &endless{left: b.N, done: make(chan struct{})}
		ctx, now := context.Background(), time.Now()
		b.ReportAllocs()
		for range b.N {
			claimed, _, err := q.Claim(ctx, 1, now, now.Add(time.Minute), time.Hour, 1)
			if err != nil {
				b.Fatal(err)
			}
			bare(ctx, q, claimed[0])
		}
	})
	b.Run("a goroutine each", func(b *testing.B) {
		q := &endless{left: b.N, done: make(chan struct{})}
		ctx, now := context.Background(), time.Now()
		ended := make(chan struct{})
		b.ReportAllocs()
		for range b.N {
			claimed, _, err := q.Claim(ctx, 1, now, now.Add(time.Minute), time.Hour, 1)
			if err != nil {
				b.Fatal(err)
			}
			go func() { bare(ctx, q, claimed[0]); ended <- struct{}{} }()
			<-ended
		}
	})
	for _, hands := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("engine, %d hands", hands), func(b *testing.B) {
			q := &endless{left: b.N, done: make(chan struct{})}
			e := delivery.New(delivery.Options{Queue: q, Log: discard})
			e.Set([]delivery.Lane{{Number: 1, Name: "billing", Way: noWay{}, Backoff: backoff, Concurrency: hands}})
			ctx, stop := context.WithCancel(context.Background())
			var running sync.WaitGroup
			b.ReportAllocs()
			running.Go(func() { _ = e.Run(ctx) })
			<-q.done
			b.StopTimer()
			stop()
			running.Wait()
		})
	}
}

// bare makes one attempt at d as the engine would, without any of its care.
func bare(ctx context.Context, q *endless, d ppm.Delivery) {
	p, err := q.Load(ctx, d)
	if err != nil {
		panic(err)
	}
	began := time.Now()
	r, err := noWay{}.Deliver(ctx, p)
	ended := time.Now()
	a := ppm.Attempt{Before: d, After: d.Attempted(began, ended, err, backoff, 1), Began: began, Took: ended.Sub(began), Response: r, Err: err}
	if err := q.Record(ctx, a); err != nil {
		panic(err)
	}
}

// noWay delivers by doing nothing.
type noWay struct{}

func (noWay) Deliver(context.Context, ppm.Parcel) (ppm.Response, error) {
	return ppm.Response{Status: 200}, nil
}

// An endless queue has deliveries until so many have been recorded.
type endless struct {
	mu       sync.Mutex
	claimed  int
	left     int
	done     chan struct{} // closed when nothing is left
	receipts [1024]ppm.Receipt
}

func (q *endless) Claim(_ context.Context, lane int64, now, until time.Time, _ time.Duration, limit int) ([]ppm.Delivery, time.Time, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	claimed := make([]ppm.Delivery, limit)
	for i := range claimed {
		q.claimed++
		r := &q.receipts[q.claimed%len(q.receipts)]
		if *r == "" {
			*r = ppm.Receipt(fmt.Sprintf("%d-00000000", q.claimed))
		}
		claimed[i] = ppm.Delivery{DeliveryName: ppm.DeliveryName{Receipt: *r, Client: lane}, Application: "A1", State: ppm.Waiting, NextAttempt: until, Claim: int64(q.claimed)}
	}
	return claimed, now, nil
}

func (q *endless) Load(_ context.Context, d ppm.Delivery) (ppm.Parcel, error) {
	return ppm.Parcel{Delivery: d, Key: d.Key()}, nil
}

func (q *endless) Record(context.Context, ppm.Attempt) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.left--; q.left == 0 {
		close(q.done)
	}
	return nil
}
