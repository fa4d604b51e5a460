package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"processmanager/db/sqlite"
)

// The things measured, in the order they take turns.
const (
	noop    = "no-op"
	empty   = "empty store"
	million = "large store"
	grow    = "append + fsync"
	over    = "overwrite + fsync"
)

// A round is one turn of each thing at one number of connections.
type round map[string]figure

// measureLoad lets everything take turns at each number of connections, prints
// the medians and judges them. Its error is never about speed.
func measureLoad(ctx context.Context, w *work) error {
	rows := int64(0)
	large := filepath.Join(w.dir, "large")
	if w.Rows > 0 {
		var err error
		if rows, err = w.largeStore(ctx, large); err != nil {
			return err
		}
		w.bodies.n.Store(rows)
	}
	rounds := make(map[int][]round)
	for _, connections := range w.Connections {
		for i := range w.Repeats {
			r := make(round)
			fmt.Fprintf(os.Stderr, "%d connections, round %d of %d\n", connections, i+1, w.Repeats)
			var err error
			if r[noop], _, err = w.turn(ctx, noop, "", connections); err != nil {
				return err
			}
			fresh := filepath.Join(w.dir, "empty")
			if r[empty], err = w.kept(ctx, empty, fresh, 0, connections, nil); err != nil {
				return err
			}
			if err := os.RemoveAll(fresh); err != nil {
				return err
			}
			if rows > 0 {
				if r[million], err = w.kept(ctx, million, large, rows, connections, &rows); err != nil {
					return err
				}
			}
			if r[grow], r[over], err = w.syncs(ctx, connections); err != nil {
				return err
			}
			rounds[connections] = append(rounds[connections], r)
		}
	}
	return w.report(rounds)
}

// kept is a turn of ours on the data folder, which holds so many notifications,
// and checks that every one acknowledged is counted afterwards.
func (w *work) kept(ctx context.Context, what, folder string, held int64, connections int, now *int64) (figure, error) {
	f, answers, err := w.turn(ctx, what, folder, connections)
	if err != nil {
		return f, err
	}
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: folder, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return f, err
	}
	defer store.Close()
	counts, err := store.Counts(ctx)
	if err != nil {
		return f, err
	}
	if counts.Accepted != held+answers {
		return f, fmt.Errorf("%s: held %d and answered 200 to %d more, but %d are kept", what, held, answers, counts.Accepted)
	}
	if now != nil {
		*now = counts.Accepted
	}
	return f, nil
}

// turn starts a server, loads it for one slice and stops it.
func (w *work) turn(ctx context.Context, what, folder string, connections int) (f figure, answers int64, err error) {
	program, args := w.self, []string{"noop"}
	switch {
	case what != noop && w.Ours == "ppm":
		program, args = w.PPM, []string{"serve", "--data", folder}
	case what != noop:
		args = []string{"inprocess", "-data", folder}
	}
	if w.Profile != "" {
		if err := os.MkdirAll(w.Profile, 0o755); err != nil {
			return f, 0, err
		}
		args = append(args, "-profile", filepath.Join(w.Profile, what+"-"+strconv.Itoa(connections)))
	}
	c, err := w.startChild(ctx, program, args...)
	if err != nil {
		return f, 0, err
	}
	f, answers, err = w.load(ctx, c, connections)
	if err != nil {
		c.stop()
		return f, answers, fmt.Errorf("%s, %d connections: %w", what, connections, err)
	}
	return f, answers, c.stop()
}
