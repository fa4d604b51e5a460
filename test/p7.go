//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"processmanager/db/sqlite"
	"processmanager/ppm"
)

const (
	// stock is how many notifications the store has when the load begins.
	stock = 300_000

	// ratePromise is how many are posted a second at least, for the length of a
	// window, by how many senders; every is the time between two posts.
	ratePromise = 200
	every       = time.Second / 220
	window      = 30 * time.Second

	windowSenders = 32

	// p99Promise is how soon 99 of 100 are answered, and rssPromise the most
	// memory meanwhile, in bytes.
	p99Promise = 250 * time.Millisecond
	rssPromise = 150_000_000
)

// p7 posts at an even rate to a large store while a client is being delivered
// to: answers come soon, memory is bounded, and nothing grows that is not to.
// A machine that is busy elsewhere may spoil one window of three, or of twenty.
func p7(l *lab) error {
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	o := new(oracle)
	if err := errors.Join(l.once(data), l.stock(data, o)); err != nil { // once, so that it is known that nobody wants these
		return err
	}
	delivered, err := l.countingClient(data)
	if err != nil {
		return err
	}
	service, err := l.serve(data, "env", "GODEBUG=schedtrace="+traceEvery(l.long)+",scheddetail=1")
	if err != nil {
		return err
	}
	use := watchUse(service)
	defer use.stop()
	f := l.feed(service.receiver, o, load{again: 0.1, reuse: true, size: mixed}) // who posts, and when, is up to window
	var all []time.Duration
	late := 0
	one := func(int) error {
		p99, ok, err := f.window(l)
		all = append(all, p99)
		if !ok {
			late++
		}
		return err
	}
	err = l.each(one)
	for err == nil && late == 1 && len(all) < 3 {
		err = one(0)
		l.done++
	}
	use.stop()
	if err := errors.Join(err, f.stop()); err != nil {
		return err
	}
	slices.Sort(all)
	l.figure("p99 median", all[len(all)/2].Milliseconds(), "ms")
	l.figure("p99 worst", all[len(all)-1].Milliseconds(), "ms")
	l.figure("slowest answer", time.Duration(f.slowest.Load()).Milliseconds(), "ms")
	if late > max(1, len(all)/20) {
		return fmt.Errorf("in %d of %d windows, %d posts a second were not answered, or 99 of 100 not within %v", late, len(all), ratePromise, p99Promise)
	}
	if err := use.judge(l); err != nil {
		return err
	}

	var s status
	err = l.until(healPromise, "all delivered", func() (bool, error) {
		s, err = l.status(data)
		return err == nil && s.Deliveries.Waiting == 0 && s.Notifications.Queued == 0, err
	})
	if err == nil && s.Accepted-stock != delivered.Load() {
		err = fmt.Errorf("%d have been accepted, and the client was given %d", s.Accepted-stock, delivered.Load())
	}
	_, newest := l.verifyNewest(data, o, mark{stock, stock})
	if err := errors.Join(err, newest, service.stop()); err != nil {
		return err
	}
	l.figure("acknowledged", f.acknowledged.Load(), "")
	l.figure("delivered", delivered.Load(), "")
	return nil
}

// stock fills the store of a data folder through the store's own door, until
// all of it can be searched.
func (l *lab) stock(data string, o *oracle) error {
	began := time.Now()
	store, err := sqlite.Open(sqlite.Options{Dir: data})
	if err != nil {
		return err
	}
	var begun atomic.Int64
	fillers, ctx := errgroup.WithContext(l)
	for range 256 {
		fillers.Go(func() error {
			for begun.Add(1) <= stock {
				if err := accept(ctx, store, o); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = fillers.Wait()
	for behind := int64(1); err == nil && behind > 0; {
		_, behind, err = store.Search(l, "none", ppm.Page{Limit: 1})
	}
	l.figure("filled in", time.Since(began).Milliseconds(), "ms")
	return errors.Join(err, store.Close())
}

// accept has the store keep the next notification.
func accept(ctx context.Context, store *sqlite.Store, o *oracle) error {
	p := o.next(0)
	s := p.nth(p.n)
	a, err := store.Accept(ctx, ppm.Arrival{
		Notification: ppm.Notification{Application: s.Application, Type: s.Type, Partner: s.Partner, Event: s.Event, EventTime: s.EventTime, Content: s.Content},
		Body:         p.body(), At: time.Now(), From: "127.0.0.1",
	})
	if err != nil {
		return err
	}
	return o.acknowledged(p, &answer{"acknowledged", string(a.Receipt), a.Redelivery})
}

// countingClient makes a client that wants everything, and returns the number
// of what it has been given.
func (l *lab) countingClient(data string) (*atomic.Int64, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := new(atomic.Int64)
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) })}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(ln) })
	l.cleanup(func() error { err := server.Close(); serving.Wait(); return err })
	_, add := l.ppm(data, "client", "add", "all", "--kind", "web", "--set", "url=http://"+ln.Addr().String()+"/", "--concurrency", "4")
	_, subscribe := l.ppm(data, "subscription", "add", "all")
	return n, errors.Join(add, subscribe)
}

// window posts for the length of a window, each post at its time whether or not
// those before it have been answered, and returns within which time of that 99
// of 100 were answered, and whether that and the rate are as promised.
func (f *feed) window(ctx context.Context) (p99 time.Duration, ok bool, err error) {
	var mu sync.Mutex
	var took []time.Duration
	due := make(chan time.Time, window/every)
	posting, ctx := errgroup.WithContext(ctx)
	for range windowSenders {
		posting.Go(func() error {
			client := f.client()
			defer client.CloseIdleConnections()
			for at := range due {
				if !f.post(client, f.pick()) {
					return errors.New("a post under an even load was not acknowledged")
				}
				mu.Lock()
				took = append(took, time.Since(at))
				mu.Unlock()
			}
			return nil
		})
	}
	began := time.Now()
	for at := began; at.Sub(began) < window && ctx.Err() == nil; at = at.Add(every) {
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(at)):
			due <- at
		}
	}
	close(due)
	if err := posting.Wait(); err != nil {
		return 0, false, err
	}
	if len(took) == 0 {
		return 0, false, ctx.Err()
	}
	rate := float64(len(took)) / time.Since(began).Seconds()
	slices.Sort(took)
	p99 = took[len(took)*99/100]
	return p99, p99 <= p99Promise && rate >= ratePromise, nil
}
