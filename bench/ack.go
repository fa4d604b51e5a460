package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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
			fmt.Fprintf(os.Stderr, "%d connections, round %d of %d\n", connections, i+1, w.Repeats)
			r, err := w.round(ctx, connections, large, &rows)
			if err != nil {
				return err
			}
			rounds[connections] = append(rounds[connections], r)
		}
	}
	return w.report(rounds)
}

// round gives everything its turn. The large store, if there are rows in it,
// grows by what it acknowledges.
func (w *work) round(ctx context.Context, connections int, large string, rows *int64) (r round, err error) {
	r = make(round)
	if r[noop], _, err = w.turn(ctx, noop, w.self, "", connections); err != nil {
		return nil, err
	}
	for i, program := range append([]string{w.PPM}, w.Also...) {
		what := empty
		if i > 0 {
			what = also(program)
		}
		fresh, none := filepath.Join(w.dir, "empty"), int64(0)
		if r[what], err = w.kept(ctx, what, program, fresh, connections, &none); err != nil {
			return nil, err
		}
		if err := os.RemoveAll(fresh); err != nil {
			return nil, err
		}
	}
	if *rows > 0 {
		if r[million], err = w.kept(ctx, million, w.PPM, large, connections, rows); err != nil {
			return nil, err
		}
	}
	r[grow], r[over], err = w.syncs(ctx, connections)
	return r, err
}

// also names the turn of another build.
func also(program string) string { return empty + ", " + filepath.Base(program) }

// kept is a turn of ours on the data folder, which holds so many rows, and
// checks that every notification acknowledged is counted afterwards.
func (w *work) kept(ctx context.Context, what, program, folder string, connections int, rows *int64) (figure, error) {
	f, answers, err := w.turn(ctx, what, program, folder, connections)
	if err != nil {
		return f, err
	}
	store, err := sqlite.Open(sqlite.Options{Dir: folder})
	if err != nil {
		return f, err
	}
	defer store.Close()
	counts, err := store.Counts(ctx)
	if err != nil {
		return f, err
	}
	if counts.Accepted != *rows+answers {
		return f, fmt.Errorf("%s: held %d and answered 200 to %d more, but %d are kept", what, *rows, answers, counts.Accepted)
	}
	if *rows > 0 { // the next turn shall not begin with this one's indexing
		err = catchUp(ctx, store)
	}
	*rows = counts.Accepted
	return f, err
}

// turn starts a server, loads it for one slice and stops it.
func (w *work) turn(ctx context.Context, what, program, folder string, connections int) (f figure, answers int64, err error) {
	args := []string{"serve", "--data", folder}
	switch {
	case what == noop:
		args = []string{"noop"}
	case w.Ours == "inprocess":
		program, args = w.self, []string{"inprocess", "-data", folder}
	}
	if w.Profile != "" {
		if err := os.MkdirAll(w.Profile, 0o755); err != nil {
			return f, 0, err
		}
		args = append(args, "-profile", filepath.Join(w.Profile, strings.ReplaceAll(what, " ", "-")+"-"+strconv.Itoa(connections)))
	}
	c, err := w.startChild(ctx, program, args...)
	if err != nil {
		return f, 0, err
	}
	f, answers, err = w.load(ctx, c, connections)
	if err != nil {
		c.stop()
		return f, answers, fmt.Errorf("%s, %d connections: %w; %s", what, connections, err, w.said())
	}
	return f, answers, c.stop()
}
