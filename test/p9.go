//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	sector   = 512
	pageSize = 4096 // of SQLite
)

// p9 destroys 512 bytes of a stopped store, over and over at another place, and
// lets the program loose on it: it refuses to start, or says "damaged" where the
// damage is met, or was not harmed; and a backup brings all back.
func p9(l *lab) error {
	base, err := l.folder("base")
	if err != nil {
		return err
	}
	o := new(oracle)
	if err := l.fill(base, o, 3000, usual); err != nil {
		return err
	}
	backup := filepath.Join(l.dir, "backup.db")
	if _, err := l.ppm(base, "backup", "--to", backup); err != nil {
		return err
	}
	whole, err := os.ReadFile(filepath.Join(base, "ppm.db"))
	if err != nil {
		return err
	}
	index, err := l.pages(filepath.Join(base, "ppm.db"), "notification_identity")
	if err != nil {
		return err
	}
	outcomes := map[string]int{}
	err = l.each(func(cycle int) error {
		data, err := l.folder(fmt.Sprintf("flipped-%d", cycle))
		if err != nil {
			return err
		}
		offset := sector * rand.IntN(len(whole)/sector)
		switch {
		case cycle == 0:
			offset = 0 // the header, once for sure
		case cycle%3 == 1:
			offset = index[rand.IntN(len(index))] + sector*rand.IntN(pageSize/sector)
		}
		if err := os.WriteFile(filepath.Join(data, "ppm.db"), flipped(whole, offset), 0o600); err != nil {
			return err
		}
		outcome, err := l.meet(data, o, string(whole[offset:offset+sector]))
		if err != nil {
			return fmt.Errorf("%d bytes at %d: %w", sector, offset, err)
		}
		outcomes[outcome]++
		if err := l.wayOut(data, backup, o); err != nil {
			return fmt.Errorf("%d bytes at %d: the way out: %w", sector, offset, err)
		}
		return os.RemoveAll(data)
	})
	for _, outcome := range []string{"refused to start", "noticed when read", "unharmed", "redelivery taken for new"} {
		l.figure(outcome, outcomes[outcome], "")
	}
	return err
}

// pages returns where in the file the pages of a table or an index begin.
func (l *lab) pages(file, name string) (offsets []int, err error) {
	err = l.query(file, "SELECT pageno FROM dbstat WHERE name = '"+name+"'", func(column []string) error {
		page, err := strconv.Atoi(column[0])
		offsets = append(offsets, (page-1)*pageSize)
		return err
	})
	if err == nil && len(offsets) == 0 {
		err = fmt.Errorf("%s: no page belongs to %s", file, name)
	}
	return offsets, err
}

// flipped returns b with every byte of one sector changed.
func flipped(b []byte, offset int) []byte {
	b = slices.Clone(b)
	for i := offset; i < offset+sector; i++ {
		b[i] ^= byte(1 + rand.IntN(255))
	}
	return b
}

// meet has the program work on a damaged store; lost is what was destroyed.
func (l *lab) meet(data string, o *oracle, lost string) (outcome string, err error) {
	p, err := l.serve(data)
	var r *refusal
	if errors.As(err, &r) {
		if !strings.Contains(r.stderr, "ppm restore") {
			return "", fmt.Errorf("it refused to start without naming ppm restore: %w", err)
		}
		return "refused to start", nil
	}
	if err != nil {
		return "", err
	}
	seen := o.inspect()
	listed := l.list(data, 0, seen.row)
	if listed == nil {
		listed = seen.end(0)
	} else if wrong := errors.Join(seen.faults...); wrong != nil {
		listed = wrong
	}
	noticed, err := l.noticed(listed, l.exported(data, o), l.shown(data, o, lost))
	anew, posting := l.postedAgain(p, o, lost)
	if err := errors.Join(err, posting, p.stopDamaged()); err != nil {
		return "", err
	}
	if anew && !noticed {
		return "redelivery taken for new", nil
	}
	if noticed {
		return "noticed when read", nil
	}
	return "unharmed", nil
}

// noticed sorts out what the commands said: that the database is damaged is
// what we want to hear, and everything else is a fault.
func (l *lab) noticed(errs ...error) (noticed bool, err error) {
	for _, e := range errs {
		var c *commandError
		switch {
		case e == nil:
		case errors.As(e, &c) && c.status == 1 && strings.Contains(c.stderr, "damaged"):
			noticed = true
		default:
			err = errors.Join(err, e)
		}
	}
	return noticed, err
}

// exported reads everything with its body by ppm export and compares it.
func (l *lab) exported(data string, o *oracle) error {
	r, w := io.Pipe()
	go func() { w.CloseWithError(l.pipe(data, w, "export", "--json", "--body")) }()
	defer r.Close()
	seen := o.inspect()
	for d := json.NewDecoder(r); ; {
		var record struct {
			six
			Receipt  string `json:"receipt"`
			Arrivals int    `json:"arrivals"`
			Body     string `json:"body"`
		}
		err := d.Decode(&record)
		if err == io.EOF {
			return seen.end(0)
		}
		if err != nil {
			return errors.Join(append(seen.faults, err)...)
		}
		seen.row(stored{six: record.six, receipt: record.Receipt, arrivals: record.Arrivals, first: sha256.Sum256([]byte(record.Body))})
	}
}

var applications = regexp.MustCompile(`A[0-9]{7}`)

// struck returns the notifications of which something was destroyed.
func struck(o *oracle, lost string) (numbers []int) {
	for _, application := range applications.FindAllString(lost, -1) {
		first, err := strconv.Atoi(application[1:])
		if err != nil {
			continue
		}
		for n := first * len(events); n < (first+1)*len(events) && n < len(o.sent); n++ {
			if !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
	}
	return numbers
}

// shown asks for each notification that was struck.
func (l *lab) shown(data string, o *oracle, lost string) error {
	var errs []error
	for _, n := range struck(o, lost) {
		m := o.sent[n]
		if m.receipt == "" {
			continue
		}
		out, err := l.ppm(data, "show", m.receipt, "--json")
		var shown struct {
			six
			Body string `json:"body"`
		}
		if err == nil {
			err = json.Unmarshal(out, &shown)
		}
		if err == nil && (shown.six != o.nth(n) || !bytes.Equal([]byte(shown.Body), o.body(n, 0, m.size))) {
			err = fmt.Errorf("ppm show %s shows something else than was stored: %s", m.receipt, head(string(out)))
		}
		var c *commandError
		if errors.As(err, &c) && strings.Contains(c.stderr, "damaged") {
			err = nil // list and export have met it too, or will
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// postedAgain posts once more what was struck, and returns whether some of it
// was taken for new: that happens when the index lost it. Such a one is stored
// twice and not lost, so it is counted rather than called a fault.
func (l *lab) postedAgain(p *process, o *oracle, lost string) (anew bool, err error) {
	copied := &oracle{sent: slices.Clone(o.sent)}
	for i := range copied.sent {
		copied.sent[i].first, copied.sent[i].receipt = -1, ""
	}
	f := l.feed(p.receiver, copied, load{})
	client := f.client()
	defer client.CloseIdleConnections()
	for _, n := range struck(o, lost) {
		again := copied.repeat(n, 0)
		again.acknowledged = false
		f.post(client, again)
		anew = anew || copied.sent[n].first >= 0 && sum(o.sent[n].acks) > 0
	}
	return anew, f.stop()
}

// stopDamaged stops a program that may have trouble in closing its store.
func (p *process) stopDamaged() error {
	if !p.running() {
		return errors.Join(fmt.Errorf("ppm serve had ended by itself: %v; it said: %s", p.err, tail(p.stderr())), p.panicked())
	}
	p.end(syscall.SIGTERM)
	return p.panicked()
}

// wayOut restores the backup and wants everything back.
func (l *lab) wayOut(data, backup string, o *oracle) error {
	if _, err := l.ppm(data, "restore", backup, "--yes"); err != nil {
		return err
	}
	p, err := l.serve(data)
	if err != nil {
		return err
	}
	return errors.Join(l.verify(data, o), p.stop(), l.verifyFile(data, o))
}
