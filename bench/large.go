package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"processmanager/db/sqlite"
	"processmanager/ppm"
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
	if err := flush(filepath.Join(dir, sqlite.FileName)); err != nil {
		return 0, err
	}
	return w.fill(ctx, dir) // what an older run left short
}

// flush has the system write out what it still holds of a file, lest the first
// fsync measured waits for all of it.
func flush(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// fill brings the store at dir to w.Rows notifications through its own door.
func (w *work) fill(ctx context.Context, dir string) (int64, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	store, err := sqlite.Open(sqlite.Options{Dir: dir})
	if err != nil {
		return 0, err
	}
	counts, err := store.Counts(ctx)
	if err != nil || counts.Accepted >= w.Rows {
		return counts.Accepted, errors.Join(err, store.Close())
	}
	w.bodies.n.Store(counts.Accepted)
	held, err := w.accept(ctx, store, counts.Accepted)
	return held, errors.Join(err, catchUp(ctx, store), store.Close())
}

// catchUp returns once all that store holds can be searched.
func catchUp(ctx context.Context, store *sqlite.Store) error {
	for {
		_, behind, err := store.Search(ctx, "none", ppm.Page{Limit: 1})
		if err != nil || behind == 0 {
			return err
		}
		fmt.Fprintf(os.Stderr, "%d to index\n", behind)
	}
}

// accept has the store accept from many sides until it holds w.Rows.
func (w *work) accept(ctx context.Context, store *sqlite.Store, held int64) (int64, error) {
	var begun, done atomic.Int64
	begun.Store(held)
	done.Store(held)
	g, ctx := errgroup.WithContext(ctx)
	for range 256 {
		g.Go(func() error {
			for begun.Add(1) <= w.Rows {
				a, err := w.bodies.arrival()
				if err != nil {
					return err
				}
				if _, err = store.Accept(ctx, a); err != nil {
					return err
				}
				if n := done.Add(1); n%100_000 == 0 {
					fmt.Fprintf(os.Stderr, "%d of %d stored\n", n, w.Rows)
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return done.Load(), err
}
