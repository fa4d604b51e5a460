//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// walPromise bounds the write-ahead log, whatever our own readers do.
	walPromise = 64 << 20

	// stall is how long the readers hold still, and written how much is stored
	// meanwhile at least: more than the log may hold.
	stall   = 32 * time.Second
	written = 2 * walPromise

	// foreignTime is how long another program reads.
	foreignTime = 10 * time.Second
)

// large is a load of bodies that make the log grow quickly.
var large = load{senders: 16, reuse: true, size: func() int { return 4<<10 + rand.IntN(24<<10) }}

// p8 has readers of ours stop in the middle of what they read while a lot is
// being stored, and then another program's: the log stays short.
func p8(l *lab) error {
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	o := new(oracle)
	if err := l.fill(data, o, 3000, large); err != nil { // more than pipes and sockets swallow
		return err
	}
	p, err := l.serve(data)
	if err != nil {
		return err
	}
	w := watchWAL(l, data)
	defer w.stop()
	err = l.each(func(int) error {
		w.most.Store(0)
		if err := l.ownReaders(data, p, o); err != nil {
			return err
		}
		own := w.most.Swap(0)
		l.figure("WAL beside stalled readers", own>>20, "MiB")
		if own > walPromise {
			return fmt.Errorf("the write-ahead log grew to %d MiB beside stalled readers of ours; the promise is %d", own>>20, walPromise>>20)
		}
		if err := l.foreignReader(data, p, o); err != nil {
			return err
		}
		l.figure("beside a foreign one", w.most.Swap(0)>>20, "MiB")
		return l.until(startLimit, "the log short again after the foreign reader", func() (bool, error) {
			return w.size() <= walPromise, nil
		})
	})
	if err := errors.Join(err, l.verify(data, o), p.stop(), l.verifyFile(data, o)); err != nil {
		return err
	}
	l.kept(o)
	return nil
}

// ownReaders starts commands whose output nobody takes, stores more than the
// log may hold, and then lets them end: in full, or with a reason.
func (l *lab) ownReaders(data string, p *process, o *oracle) error {
	var readers []*stalled
	for _, args := range [][]string{{"export", "--json", "--body"}, {"list", "--json", "--limit", "0"}} {
		r, err := l.stall(data, args...)
		if err != nil {
			return err
		}
		readers = append(readers, r)
	}
	began := time.Now()
	f := l.feed(p.receiver, o, large)
	err := l.until(5*time.Minute, "enough stored beside stalled readers", func() (bool, error) {
		return f.bytes.Load() > written, nil
	})
	if err := errors.Join(err, f.stop()); err != nil {
		return err
	}
	f = l.feed(p.receiver, o, load{senders: 1, reuse: true})
	l.pause(time.Until(began.Add(stall)))
	if err := f.stop(); err != nil {
		return err
	}
	cut := 0
	for _, r := range readers {
		err := r.release()
		var ended *commandError
		switch {
		case errors.As(err, &ended) && ended.stderr != "":
			cut++
		case err != nil:
			return err
		}
	}
	l.figure("stalled readers cut", cut, "")
	return nil
}

// foreignReader has SQLite's own shell read the database for a while under load.
func (l *lab) foreignReader(data string, p *process, o *oracle) error {
	f := l.feed(p.receiver, o, usual)
	_, err := l.tool("sqlite3", "-readonly", "-batch", filepath.Join(data, "ppm.db"), "BEGIN", "SELECT count(*) FROM notification",
		fmt.Sprintf(".shell sleep %.0f", foreignTime.Seconds()), "COMMIT")
	return errors.Join(err, f.stop())
}

// A stalled is a command whose output nobody takes.
type stalled struct {
	cmd    *exec.Cmd
	out    io.ReadCloser
	stderr strings.Builder
}

func (l *lab) stall(data string, args ...string) (*stalled, error) {
	s := &stalled{cmd: l.command(l, data, args...)}
	s.cmd.Stderr = &s.stderr
	var err error
	if s.out, err = s.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	// The first byte shows that it has begun to read.
	_, err = io.ReadFull(s.out, make([]byte, 1))
	if err != nil {
		return nil, fmt.Errorf("ppm %s printed nothing: %w", args[0], errors.Join(err, s.release()))
	}
	return s, nil
}

// release takes what is left and returns how the command ended.
func (s *stalled) release() error {
	_, _ = io.Copy(io.Discard, s.out)
	return ended(s.cmd, s.cmd.Wait(), s.stderr.String())
}

// A walWatch looks at the size of the write-ahead log all the time.
type walWatch struct {
	file string
	most atomic.Int64
	done chan struct{}
	gone chan struct{}
}

func watchWAL(l *lab, data string) *walWatch {
	w := &walWatch{file: filepath.Join(data, "ppm.db-wal"), done: make(chan struct{}), gone: make(chan struct{})}
	go func() {
		defer close(w.gone)
		for {
			w.most.Store(max(w.most.Load(), w.size()))
			select {
			case <-w.done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return w
}

func (w *walWatch) stop() {
	close(w.done)
	<-w.gone
}

func (w *walWatch) size() int64 {
	info, err := os.Stat(w.file)
	if err != nil {
		return 0
	}
	return info.Size()
}
