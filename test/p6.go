//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// healPromise is how soon everything has been delivered once all clients are
// well again.
const healPromise = 60 * time.Second

// hands is how many deliveries a client of these checks takes at one time.
const hands = 4

// A partner is a data folder with clients, and the programs that they are.
type partner struct {
	*lab
	data, drop string
	sinks      *sinks
	oracle     *oracle
}

// The clients of a partner and what each of them wants.
var wants = map[string]func(six) bool{
	"all":    func(six) bool { return true },
	"posted": func(s six) bool { return s.Event == "Posted" },
	"sevens": func(s six) bool { return s.Application[len(s.Application)-1] == '7' },
	"drop":   func(s six) bool { return s.Event == "Funded" },
}

// partner makes a data folder with clients: three web addresses and a folder.
func (l *lab) partner() (*partner, error) {
	s, err := l.newSinks()
	if err != nil {
		return nil, err
	}
	p := &partner{lab: l, sinks: s, oracle: new(oracle)}
	if p.data, err = l.folder("store"); err != nil {
		return nil, err
	}
	if p.drop, err = l.folder("drop"); err != nil {
		return nil, err
	}
	first, err := l.serve(p.data)
	if err != nil {
		return nil, err
	}
	if err := first.stop(); err != nil {
		return nil, err
	}
	common := []string{"--first", "1s", "--longest", "2s", "--give-up", "24h", "--concurrency", strconv.Itoa(hands)}
	for _, args := range [][]string{
		append([]string{"client", "add", "all", "--kind", "web", "--set", "url=" + s.url + "all"}, common...),
		append([]string{"client", "add", "posted", "--kind", "web", "--set", "url=" + s.url + "posted"}, common...),
		append([]string{"client", "add", "sevens", "--kind", "web", "--set", "url=" + s.url + "sevens"}, common...),
		append([]string{"client", "add", "drop", "--kind", "folder", "--set", "path=" + p.drop, "--set", "body=notification"}, common...),
		{"subscription", "add", "all"},
		{"subscription", "add", "posted", "--event", "Posted"},
		{"subscription", "add", "sevens", "--when", `notification.id endsWith "7"`},
		{"subscription", "add", "drop", "--event", "Funded"},
	} {
		if _, err := l.ppm(p.data, args...); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// p5Deliveries has three in ten notifications posted again and kills the
// program over and over, while one delivery in five fails: every notification acknowledged
// reaches every client that wants it, under one key, in the order of its
// application, and none is worked on twice but what a kill or a lost answer leaves open.
func p5Deliveries(l *lab) error {
	p, err := l.partner()
	if err != nil {
		return err
	}
	p.sinks.flaky.Store(true)
	err = l.each(func(int) error {
		service, err := l.serve(p.data)
		if err != nil {
			return err
		}
		f := l.feed(service.receiver, p.oracle, load{senders: 4, again: 0.3, reuse: true, pace: 10 * time.Millisecond})
		l.pause(between(50*time.Millisecond, 900*time.Millisecond))
		return errors.Join(service.kill(), f.stop())
	})
	if err != nil {
		return err
	}
	return p.settle(l.done)
}

// p6 leaves nothing stuck: under load, and with polite stops in between, the
// numbers add up, and with healthy clients everything is soon delivered.
func p6(l *lab) error {
	p, err := l.partner()
	if err != nil {
		return err
	}
	err = l.each(func(int) error {
		service, err := l.serve(p.data)
		if err != nil {
			return err
		}
		f := l.feed(service.receiver, p.oracle, load{senders: 8, again: 0.1, reuse: true, pace: 10 * time.Millisecond})
		for range 4 {
			l.pause(500 * time.Millisecond)
			s, err := l.status(p.data)
			if err := errors.Join(err, s.balanced()); err != nil {
				return errors.Join(err, f.stop())
			}
		}
		return errors.Join(f.stop(), service.stop())
	})
	if err != nil {
		return err
	}
	return p.settle(0)
}

// settle starts the program once more, with every client well, waits until
// everything has been delivered, and compares that with what was acknowledged.
func (p *partner) settle(kills int) error {
	p.sinks.flaky.Store(false)
	service, err := p.serve(p.data)
	if err != nil {
		return err
	}
	began := time.Now()
	var s status
	err = p.until(healPromise, "all delivered with healthy clients", func() (bool, error) {
		var err error
		if s, err = p.status(p.data); err != nil {
			return false, err
		}
		return s.Notifications.Queued == 0 && s.Deliveries.Waiting == 0, fmt.Errorf("%d queued, %d waiting", s.Notifications.Queued, s.Deliveries.Waiting)
	})
	p.figure("settled after", time.Since(began).Milliseconds(), "ms")
	if err := errors.Join(err, s.balanced()); err != nil {
		return err
	}
	if s.Deliveries.GaveUp != 0 || s.Notifications.Failed != 0 {
		return fmt.Errorf("%d deliveries gave up, %d notifications failed", s.Deliveries.GaveUp, s.Notifications.Failed)
	}
	if err := errors.Join(p.verify(p.data, p.oracle), service.stop(), p.verifyFile(p.data, p.oracle), p.sinks.fault); err != nil {
		return err
	}
	p.kept(p.oracle)
	return errors.Join(p.compare(s, kills), p.routedOnce())
}

// compare looks at what each client has been given.
func (p *partner) compare(s status, kills int) error {
	var delivered, twice, lost, refused int64
	for client, wanted := range wants {
		if client == "drop" {
			n, err := p.dropped()
			if err != nil {
				return err
			}
			delivered += n
			continue
		}
		t := p.sinks.of(client)
		if err := t.inOrder(); err != nil {
			return fmt.Errorf("%s: %w", client, err)
		}
		for n, m := range p.oracle.sent {
			_, got := t.keys[n]
			switch {
			case got && !wanted(nth(n)):
				return fmt.Errorf("%s was given notification %d, which it does not want", client, n)
			case !got && wanted(nth(n)) && sum(m.acks) > 0:
				return fmt.Errorf("%s was never given notification %d, which was acknowledged", client, n)
			}
		}
		// One 200 counts; a second one only where the first may not have been seen.
		if open := kills * hands; t.twice() > open {
			return fmt.Errorf("%s was given %d deliveries again after it had confirmed them; %d kills with %d hands explain no more than %d", client, t.twice(), kills, hands, open)
		}
		delivered += int64(len(t.keys))
		twice, lost, refused = twice+int64(t.twice()), lost+int64(t.lost), refused+int64(t.refused)
	}
	if s.Deliveries.Delivered != delivered {
		return fmt.Errorf("ppm status counts %d delivered, the clients have had %d", s.Deliveries.Delivered, delivered)
	}
	p.figure("delivered", delivered, "")
	p.figure("refused by clients", refused, "")
	p.figure("answers lost", lost, "")
	p.figure("confirmed twice", twice, "")
	return nil
}

// dropped compares the files in the folder with what was acknowledged.
func (p *partner) dropped() (int64, error) {
	files, err := os.ReadDir(p.drop)
	if err != nil {
		return 0, err
	}
	got := map[int]bool{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(p.drop, f.Name()))
		if err != nil {
			return 0, err
		}
		var n six
		if err := json.Unmarshal(text, &n); err != nil {
			return 0, fmt.Errorf("%s: %w", f.Name(), err)
		}
		number, ok := n.number()
		if !ok || got[number] || !wants["drop"](n) {
			return 0, fmt.Errorf("%s has a notification twice, or one that it should not: %+v", f.Name(), n)
		}
		got[number] = true
	}
	for n, m := range p.oracle.sent {
		if sum(m.acks) > 0 && wants["drop"](nth(n)) && !got[n] {
			return 0, fmt.Errorf("there is no file for notification %d, which was acknowledged", n)
		}
	}
	return int64(len(files)), nil
}

// routedOnce looks past the program: one row for each notification and client.
func (p *partner) routedOnce() error {
	return p.query(filepath.Join(p.data, "ppm.db"), `
		SELECT (SELECT count(*) FROM notification), (SELECT count(*) FROM delivery WHERE client > 0),
			(SELECT count(*) FROM client WHERE id > 0), (SELECT count(*) FROM delivery WHERE state <= 2)`, func(column []string) error {
		var n [4]int
		for i := range n {
			var err error
			if n[i], err = strconv.Atoi(column[i]); err != nil {
				return err
			}
		}
		if n[1] != n[0]*n[2] || n[3] != 0 {
			return fmt.Errorf("%d notifications and %d clients have %d decisions, %d of them waiting", n[0], n[2], n[1], n[3])
		}
		return nil
	})
}
