//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// soak feeds the program for a long time, by sixteen senders with 30 %
// redeliveries and by ppm send besides, and kills it at random, now and then
// politely. Then it looks for every acknowledgement.
func soak(l *lab) error {
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	s := &soaking{lab: l, data: data, oracle: new(oracle), end: time.Now().Add(cmp.Or(l.limit, 10*time.Minute))}
	for time.Now().Before(s.end) && l.Err() == nil {
		if err := s.life(); err != nil {
			return fmt.Errorf("life %d: %w", l.done+1, err)
		}
		l.done++
	}
	if err := l.Err(); err != nil {
		return err
	}
	p, err := l.serve(data)
	if err != nil {
		return err
	}
	if err := errors.Join(l.verify(data, s.oracle), p.stop(), l.verifyFile(data, s.oracle)); err != nil {
		return err
	}
	return s.report()
}

// A soaking is a soak as it goes on.
type soaking struct {
	*lab
	data   string
	oracle *oracle
	end    time.Time
	sofar  mark

	starts       []time.Duration
	fed          time.Duration // how long senders were at work
	acknowledged int64
	refused      int64
	broken       int64
	slowest      time.Duration
	commands     int // answers to ppm send
	polite       int // stops by SIGTERM
}

// life is the time between two kills.
func (s *soaking) life() error {
	p, err := s.serve(s.data)
	if err != nil {
		return err
	}
	s.starts = append(s.starts, p.started)
	ld := usual
	ld.again = 0.3
	f := s.feed(p.receiver, s.oracle, ld)
	began := time.Now()
	var sending sync.WaitGroup
	var sendErr error
	sending.Go(func() { sendErr = s.sendCommands(f) })
	s.pause(min(between(500*time.Millisecond, 15*time.Second), max(time.Until(s.end), time.Millisecond)))
	end := p.kill
	if rand.IntN(5) == 0 {
		end, s.polite = p.stop, s.polite+1
	}
	err = end()
	s.fed += time.Since(began)
	err = errors.Join(err, f.stop())
	sending.Wait()
	if err := errors.Join(err, sendErr); err != nil {
		return err
	}
	s.acknowledged += f.acknowledged.Load()
	s.refused += f.refused.Load()
	s.broken += f.broken.Load()
	s.slowest = max(s.slowest, time.Duration(f.slowest.Load()))

	// In the next life; the rest of the store at the end.
	if p, err = s.serve(s.data); err != nil {
		return err
	}
	s.starts = append(s.starts, p.started)
	if s.sofar, err = s.verifyNewest(s.data, s.oracle, s.sofar); err != nil {
		return err
	}
	p.end(syscall.SIGKILL)
	return p.panicked()
}

// sendCommands posts by ppm send, one after the other, as long as f is fed.
func (s *soaking) sendCommands(f *feed) error {
	file := filepath.Join(s.dir, "message.json")
	for f.ctx.Err() == nil {
		p, ok := post{}, false
		if rand.Float64() < 0.3 {
			p, ok = s.oracle.again()
		}
		if !ok {
			p = s.oracle.next(0)
		}
		if err := os.WriteFile(file, p.body(), 0o600); err != nil {
			return err
		}
		out, err := s.ppm(s.data, "send", file, "--url", f.url, "--insecure", "--user", username, "--json")
		var failed *commandError
		if errors.As(err, &failed) && failed.status == 1 {
			continue // killed meanwhile
		}
		if err != nil {
			return err
		}
		var sent struct {
			Status int    `json:"status"`
			Body   string `json:"body"`
		}
		if err := json.Unmarshal(out, &sent); err != nil {
			return fmt.Errorf("ppm send --json printed %s: %w", head(string(out)), err)
		}
		a := new(answer)
		if err := json.Unmarshal([]byte(sent.Body), a); err != nil {
			return fmt.Errorf("ppm send: answered %s: %w", sent.Body, err)
		}
		if err := s.oracle.acknowledged(p, a); err != nil {
			return err
		}
		s.commands++
	}
	return nil
}

func (s *soaking) report() error {
	s.kept(s.oracle)
	s.figure("200s", s.acknowledged+int64(s.commands), "")
	s.figure("of them to ppm send", s.commands, "")
	s.figure("503s", s.refused, "")
	s.figure("unanswered", s.broken, "")
	s.figure("rate", int(float64(s.acknowledged)/s.fed.Seconds()), "req/s")
	s.figure("slowest answer", s.slowest.Milliseconds(), "ms")
	s.figure("kills", len(s.starts)-s.polite, "")
	s.figure("polite stops", s.polite, "")
	if info, err := os.Stat(filepath.Join(s.data, "ppm.db")); err == nil {
		s.figure("database", info.Size()>>20, "MiB")
	}
	return s.quick(s.starts)
}
