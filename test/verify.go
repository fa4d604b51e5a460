//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// verify compares what the program tells of its store with the oracle. The
// program may be running or not.
func (l *lab) verify(data string, o *oracle) error {
	seen := o.inspect()
	if err := l.list(data, 0, seen.row); err != nil {
		return err
	}
	if err := seen.end(0); err != nil {
		return fmt.Errorf("ppm list: %w", err)
	}
	s, err := l.status(data)
	if err != nil {
		return err
	}
	if s.Accepted != int64(seen.rows) || s.Redeliveries != int64(seen.redeliveries) {
		return fmt.Errorf("ppm status counts %d accepted and %d redeliveries, ppm list shows %d and %d",
			s.Accepted, s.Redeliveries, seen.rows, seen.redeliveries)
	}
	return s.balanced()
}

// A mark is how far a store was at some moment.
type mark struct {
	posted   int   // notifications, by the oracle
	accepted int64 // by the program
}

// verifyNewest does the same for what came after m, which are the newest of the
// list, and returns how far the store is now.
func (l *lab) verifyNewest(data string, o *oracle, m mark) (mark, error) {
	s, err := l.status(data)
	if err != nil {
		return m, err
	}
	if s.Accepted < m.accepted {
		return m, fmt.Errorf("ppm status counts %d accepted, and counted %d before", s.Accepted, m.accepted)
	}
	seen := o.inspect()
	if n := int(s.Accepted - m.accepted); n > 0 { // a limit of 0 would be all
		if err := l.list(data, n, seen.row); err != nil {
			return m, err
		}
	}
	if err := seen.end(m.posted); err != nil {
		return m, fmt.Errorf("ppm list: %w", err)
	}
	posted, _ := o.count()
	return mark{posted, s.Accepted}, s.balanced()
}

// balanced returns an error unless accepted = queued + complete + failed.
func (s status) balanced() error {
	n := s.Notifications
	if s.Accepted != n.Queued+n.Complete+n.Failed {
		return fmt.Errorf("ppm status: accepted %d is not queued %d + complete %d + failed %d", s.Accepted, n.Queued, n.Complete, n.Failed)
	}
	return nil
}

// verifyFile compares the database file of a stopped program with the oracle,
// past the program: by SQLite's own shell, and by hashing the bodies anew.
func (l *lab) verifyFile(data string, o *oracle) error {
	file := filepath.Join(data, "ppm.db")
	said, err := l.tool("sqlite3", "-readonly", "-batch", file, "PRAGMA integrity_check")
	if err != nil {
		return err
	}
	if said = strings.TrimSpace(said); said != "ok" {
		return fmt.Errorf("integrity_check: %s", head(said))
	}
	seen := o.inspect()
	if err := l.readFile(file, seen.row); err != nil {
		return err
	}
	if err := seen.end(0); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// readFile calls row for each notification of a database file.
func (l *lab) readFile(file string, row func(stored)) error {
	var id string
	var s stored
	err := l.query(file, `
		SELECT n.id, hex(application), hex(content), hex(type), hex(partner), hex(event), hex(event_time),
			arrivals, hex(n.body_sha256), hex(n.body),
			nth, hex(a.body_sha256), a.body IS NULL, hex(a.body)
		FROM notification AS n
		LEFT JOIN arrival AS a ON a.notification = n.id
		ORDER BY n.id, nth`, func(column []string) (err error) {
		if column[0] != id {
			if id != "" {
				row(s)
			}
			id = column[0]
			if s, err = notificationIn(column); err != nil {
				return fmt.Errorf("notification %s: %w", id, err)
			}
		}
		if column[10] == "" { // came once
			return nil
		}
		h, err := parseHash(column[11])
		if column[12] == "0" {
			h, err = hashed(column[11], column[13])
		}
		switch {
		case err != nil:
			return fmt.Errorf("notification %s, arrival %s: %w", id, column[10], err)
		case column[12] == "1" && h != s.first:
			return fmt.Errorf("notification %s, arrival %s: its body differs and was not kept", id, column[10])
		}
		s.further = append(s.further, h)
		return nil
	})
	if id != "" {
		row(s)
	}
	return err
}

// notificationIn reads the columns that readFile selects of the notification.
func notificationIn(column []string) (s stored, err error) {
	var text [6]string
	for i := range text {
		b, err := hex.DecodeString(column[1+i])
		if err != nil {
			return s, err
		}
		text[i] = string(b)
	}
	s = stored{six: six{text[0], text[1], text[2], text[3], text[4], text[5]}, further: []hash{}}
	if s.arrivals, err = strconv.Atoi(column[7]); err != nil {
		return s, err
	}
	s.first, err = hashed(column[8], column[9])
	return s, err
}

// hashed returns the hash of a body, both in hexadecimal, once it has been seen
// to be the right one.
func hashed(sha, body string) (hash, error) {
	b, err := hex.DecodeString(body)
	if err != nil {
		return hash{}, err
	}
	told, err := parseHash(sha)
	if err != nil {
		return hash{}, err
	}
	if sha256.Sum256(b) != told {
		return hash{}, errors.New("the hash kept beside the body is not that of the body")
	}
	return told, nil
}

// query runs SQL by SQLite's own shell and calls row for each row.
func (l *lab) query(file, sql string, row func(column []string) error) error {
	cmd := exec.CommandContext(l, "sqlite3", "-readonly", "-batch", "-separator", "|", file, sql)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 8<<20) // a body of 1 MiB is 2 MiB in hexadecimal
	var wrong error
	for wrong == nil && lines.Scan() {
		wrong = row(strings.Split(lines.Text(), "|"))
	}
	if wrong == nil {
		wrong = lines.Err()
	}
	if wrong != nil {
		_ = cmd.Process.Kill()
	}
	if err := cmd.Wait(); err != nil && wrong == nil {
		return fmt.Errorf("sqlite3 %s: %w: %s", file, err, strings.TrimSpace(stderr.String()))
	}
	return wrong
}
