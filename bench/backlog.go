package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"processmanager/db"
	"processmanager/db/sqlite"
	"processmanager/ppm"
)

// The clients that deliveries go to, and how many attempts each takes at one time.
const (
	clients = 10
	hands   = 5
)

// partner makes a store at dir with so many clients that want everything, all
// of them at the sink.
func partner(ctx context.Context, dir string, clients int, sink string) error {
	return withStore(dir, func(store db.Store) error { return addClients(ctx, store, clients, sink) })
}

func withStore(dir string, do func(db.Store) error) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	store, err := sqlite.Open(sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	return errors.Join(do(store), store.Close())
}

func addClients(ctx context.Context, store db.Store, clients int, sink string) error {
	for i := range clients {
		settings, err := json.Marshal(map[string]string{"url": fmt.Sprintf("%s%d", sink, i)})
		if err != nil {
			return err
		}
		number, err := store.SaveClient(ctx, ppm.Client{Name: fmt.Sprintf("client %d", i), Kind: ppm.WebAddress, Settings: settings,
			Ordered: true, Backoff: ppm.DefaultBackoff, Concurrency: hands}, "bench")
		if err != nil {
			return err
		}
		if _, err := store.SaveSubscription(ctx, ppm.Subscription{Client: number}, "bench"); err != nil {
			return err
		}
	}
	return nil
}

// backlog makes a store at dir with so many deliveries waiting for ten clients.
func (w *work) backlog(ctx context.Context, dir, sink string, deliveries int64) error {
	if err := partner(ctx, dir, clients, sink); err != nil {
		return err
	}
	return withStore(dir, func(store db.Store) error {
		rows := w.Rows
		w.Rows = deliveries / clients
		_, err := w.accept(ctx, store.(*sqlite.Store), 0)
		w.Rows = rows
		if err != nil {
			return err
		}
		all, err := store.Clients(ctx)
		if err != nil {
			return err
		}
		for {
			next, err := store.Unrouted(ctx, 100)
			if err != nil || len(next) == 0 {
				return err
			}
			routes := make([]ppm.Route, len(next))
			for i, n := range next {
				routes[i].Receipt = n.Receipt
				for _, c := range all {
					routes[i].Decisions = append(routes[i].Decisions, ppm.Decision{Client: c.Number, Outcome: ppm.Wanted, Reason: "rule 1", Rule: 1})
				}
			}
			if err := store.Route(ctx, routes); err != nil {
				return err
			}
		}
	})
}
