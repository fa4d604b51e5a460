package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"processmanager/db/sqlite"
)

// largeStore puts a store of at least w.Rows notifications at dir and returns
// how many it holds. It comes from the folder -million names, if there is one
// there, and is kept there if there is none yet.
func (w *work) largeStore(ctx context.Context, dir string) (int64, error) {
	keep := w.Million
	if keep == "" {
		return w.fill(ctx, dir)
	}
	if _, err := os.Stat(keep); errors.Is(err, fs.ErrNotExist) {
		half := keep + ".filling" // the name says so until it is whole
		if err := os.RemoveAll(half); err != nil {
			return 0, err
		}
		if _, err := w.fill(ctx, half); err != nil {
			return 0, err
		}
		if err := os.Rename(half, keep); err != nil {
			return 0, err
		}
	}
	if err := os.CopyFS(dir, os.DirFS(keep)); err != nil {
		return 0, err
	}
	return w.fill(ctx, dir) // what an older run left short
}

// fill brings the store at dir to w.Rows notifications through its own door.
func (w *work) fill(ctx context.Context, dir string) (int64, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return 0, err
	}
	counts, err := store.Counts(ctx)
	if err != nil || counts.Accepted >= w.Rows {
		return counts.Accepted, errors.Join(err, store.Close())
	}
	w.bodies.n.Store(counts.Accepted)
	var (
		held  atomic.Int64
		begun atomic.Int64
		wg    sync.WaitGroup
		fails = make([]error, 256)
	)
	held.Store(counts.Accepted)
	begun.Store(counts.Accepted)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for i := range fails {
		wg.Go(func() {
			for begun.Add(1) <= w.Rows && ctx.Err() == nil {
				a, err := w.bodies.arrival()
				if err == nil {
					_, err = store.Accept(ctx, a)
				}
				if err != nil {
					fails[i] = err
					stop()
					return
				}
				held.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for tick := time.Tick(time.Second); ; {
		select {
		case <-tick:
			fmt.Fprintf(os.Stderr, "\rfilling %s: %d of %d", filepath.Base(dir), held.Load(), w.Rows)
			continue
		case <-done:
			fmt.Fprintln(os.Stderr)
		}
		break
	}
	return held.Load(), errors.Join(append(fails, ctx.Err(), store.Close())...)
}
