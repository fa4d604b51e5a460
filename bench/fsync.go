package main

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// What a commit writes, as strace showed it: the last page of the table and of
// its index, each with the header of its frame, and then what every further
// notification takes of both.
const (
	commitBytes       = 2 * (24 + 4096)
	notificationBytes = 640
)

// syncs measures write and fsync by themselves, with about the bytes of one
// commit that carries a notification of every connection: at the end of a
// growing file, and over bytes a file already has. The second is what a
// write-ahead log costs once it has been round, and the cheaper.
func (w *work) syncs(ctx context.Context, connections int) (grow, over figure, err error) {
	f, err := os.Create(filepath.Join(w.dir, "fsync"))
	if err != nil {
		return grow, over, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	piece := make([]byte, commitBytes+(connections-1)*notificationBytes)
	measure := func(pieces int64) (figure, error) {
		var times []time.Duration
		began := time.Now()
		for i := int64(0); time.Since(began) < w.Slice/2 && ctx.Err() == nil; i++ {
			start := time.Now()
			if _, err := f.WriteAt(piece, i%pieces*int64(len(piece))); err != nil {
				return figure{}, err
			}
			if err := f.Sync(); err != nil {
				return figure{}, err
			}
			times = append(times, time.Since(start))
		}
		return figureOf(times, time.Since(began)), ctx.Err()
	}
	if grow, err = measure(1 << 40); err != nil {
		return grow, over, err
	}
	size, err := f.Seek(0, 2)
	if err != nil {
		return grow, over, err
	}
	over, err = measure(min(64, size/int64(len(piece))))
	return grow, over, err
}
