//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

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
		for n, m := range p.oracle.sent {
			key, got := t.keys[n]
			want := wanted(p.oracle.nth(n))
			switch {
			case got && !want:
				return fmt.Errorf("%s was given notification %d, which it does not want", client, n)
			case !got && want && sum(m.acks) > 0:
				return fmt.Errorf("%s was never given notification %d, which was acknowledged", client, n)
			case got && t.answered[key] == 0:
				return fmt.Errorf("%s was given notification %d and never confirmed it", client, n)
			}
		}
		if err := t.inOrder(); err != nil {
			return fmt.Errorf("%s: %w", client, err)
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
	return p.fetched(kills)
}

// fetched looks at what the API was asked for: once for each notification, and
// again only where a kill came before the data was kept.
func (p *partner) fetched(kills int) error {
	p.platform.mu.Lock()
	defer p.platform.mu.Unlock()
	if len(p.platform.strange) > 0 {
		return fmt.Errorf("strangers were asked: %s", strings.Join(p.platform.strange, "; "))
	}
	answers := 0
	for _, n := range p.platform.told {
		answers += n
	}
	var kept int
	err := p.query(filepath.Join(p.data, "ppm.db"), `SELECT count(*) FROM fetch`, func(column []string) (err error) {
		kept, err = strconv.Atoi(column[0])
		return err
	})
	if err != nil {
		return err
	}
	if open := kills * hands; answers < kept || answers > kept+open {
		return fmt.Errorf("the API told of %d applications, the store has %d; %d kills with %d hands explain no more than %d told again", answers, kept, kills, hands, open)
	}
	p.figure("fetched", kept, "")
	p.figure("refused by the API", p.platform.failures, "")
	p.figure("fetched twice", answers-kept, "")
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
		number, ok := p.oracle.number(n)
		if !ok || got[number] || !wants["drop"](n) {
			return 0, fmt.Errorf("%s has a notification twice, or one that it should not: %+v", f.Name(), n)
		}
		got[number] = true
	}
	for n, m := range p.oracle.sent {
		if sum(m.acks) > 0 && wants["drop"](p.oracle.nth(n)) && !got[n] {
			return 0, fmt.Errorf("there is no file for notification %d, which was acknowledged", n)
		}
	}
	return int64(len(files)), nil
}

// routedOnce looks past the program: one row for each notification and client,
// one for its fetching, and the data of each once.
func (p *partner) routedOnce() error {
	return p.query(filepath.Join(p.data, "ppm.db"), `
		SELECT (SELECT count(*) FROM notification), (SELECT count(*) FROM delivery WHERE client > 0),
			(SELECT count(*) FROM client WHERE id > 0), (SELECT count(*) FROM delivery WHERE state <= 2),
			(SELECT count(*) FROM delivery WHERE client = 0), (SELECT count(DISTINCT notification) FROM fetch), (SELECT count(*) FROM fetch)`, func(column []string) error {
		var n [7]int
		for i := range n {
			var err error
			if n[i], err = strconv.Atoi(column[i]); err != nil {
				return err
			}
		}
		if n[1] != n[0]*n[2] || n[3] != 0 {
			return fmt.Errorf("%d notifications and %d clients have %d decisions, %d of them waiting", n[0], n[2], n[1], n[3])
		}
		if n[4] != n[0] || n[5] != n[0] || n[6] != n[0] {
			return fmt.Errorf("%d notifications have been fetched %d times, and the data of %d is there %d times", n[0], n[4], n[5], n[6])
		}
		return nil
	})
}
