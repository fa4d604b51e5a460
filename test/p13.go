//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"processmanager/ppm"
)

const (
	migrationsDir = "db/sqlite/migrations"
	oldRows       = 20_000
)

// nextMigration is what a later version might do: enough to take a while.
const nextMigration = `
ALTER TABLE notification ADD COLUMN next TEXT NOT NULL DEFAULT '';
UPDATE notification SET next = application || ' ' || event;
CREATE INDEX notification_next ON notification (next);
`

// p13Kills kills a later version of the program while it brings an old database
// up to date: in the end all is there, and so is the copy made before.
func p13Kills(l *lab) error {
	old, o, err := l.oldDatabase()
	if err != nil {
		return err
	}
	known, err := filepath.Glob(filepath.Join(l.workshop.source, migrationsDir, "*.sql"))
	if err != nil {
		return err
	}
	next := len(known) + 1
	l.program, err = l.workshop.build(l, "later", change{file: migrationsDir + "/999-next.sql", new: nextMigration})
	if err != nil {
		return err
	}

	var full time.Duration // how long it takes without being killed
	kills, unready := 0, 0
	err = l.each(func(cycle int) error {
		data, err := l.folder(fmt.Sprintf("old-%d", cycle))
		if err != nil {
			return err
		}
		if err := copyFile(filepath.Join(data, "ppm.db"), old); err != nil {
			return err
		}
		for range min(cycle, 1+cycle%2) { // not at all at first, then once or twice
			ready, err := l.killStarting(data, full)
			if err != nil {
				return err
			}
			kills++
			if !ready {
				unready++
			}
		}
		p, err := l.serve(data)
		if err != nil {
			return err
		}
		full = max(full, p.started)
		s, err := l.status(data)
		if err != nil {
			return err
		}
		if s.Accepted != oldRows {
			return fmt.Errorf("%d notifications after the upgrade, %d before", s.Accepted, oldRows)
		}
		if err := p.stop(); err != nil {
			return err
		}
		if err := errors.Join(
			l.complete(filepath.Join(data, "ppm.db"), next, "sum(next = application || ' ' || event)"),
			l.copyBefore(data)); err != nil {
			return err
		}
		if cycle%10 == 0 || cycle == l.cycles-1 {
			if err := l.verifyFile(data, o); err != nil {
				return err
			}
		}
		return os.RemoveAll(data)
	})
	if err != nil {
		return err
	}
	l.figure("notifications", oldRows, "")
	l.figure("kills", kills, "")
	l.figure("before ready", unready, "")
	l.figure("upgrade", full.Milliseconds(), "ms")
	return nil
}

// killStarting starts the program and kills it at a random moment of a start
// that takes about as long as full.
func (l *lab) killStarting(data string, full time.Duration) (ready bool, err error) {
	p, err := l.launch(data)
	if err != nil {
		return false, err
	}
	l.pause(between(0, full))
	select {
	case <-p.ready:
		ready = true
	default:
	}
	return ready, p.kill()
}

// copyBefore wants a complete copy of the database as it was before the upgrade.
func (l *lab) copyBefore(data string) error {
	copies, err := filepath.Glob(filepath.Join(data, "backups", "*.db"))
	if err == nil && len(copies) == 0 {
		err = errors.New("no copy was made before the upgrade")
	}
	for _, file := range copies {
		complete := l.complete(file, 1, "count(*)")
		if complete == nil {
			return nil
		}
		err = errors.Join(err, complete)
	}
	return err
}

// complete wants the file to be sound, of that schema, and to have all rows.
func (l *lab) complete(file string, schema int, rows string) error {
	said, err := l.tool("sqlite3", "-readonly", "-batch", file, "PRAGMA integrity_check", "PRAGMA user_version",
		"SELECT "+rows+", count(body) FROM notification")
	if err != nil {
		return err
	}
	want := fmt.Sprintf("ok\n%d\n%d|%d\n", schema, oldRows, oldRows)
	if said != want {
		return fmt.Errorf("%s: %q, and should be %q", file, head(said), want)
	}
	return nil
}

// oldDatabase makes a database as the first version left it, past the program.
func (l *lab) oldDatabase() (file string, o *oracle, err error) {
	first, err := filepath.Glob(filepath.Join(l.workshop.source, migrationsDir, "001-*.sql"))
	if err != nil || len(first) != 1 {
		return "", nil, fmt.Errorf("the first migration in %s: %v, %w", migrationsDir, first, err)
	}
	schema, err := os.ReadFile(first[0])
	if err != nil {
		return "", nil, err
	}
	file, o = filepath.Join(l.dir, "old.db"), new(oracle)
	var sql bytes.Buffer
	w := bufio.NewWriter(&sql)
	fmt.Fprintf(w, "PRAGMA journal_mode = WAL;\nPRAGMA application_id = %d;\nBEGIN;\n%s;\nPRAGMA user_version = 1;\n", 0x50504D31, schema)
	for range oldRows {
		p := o.next(0)
		s, b := p.nth(p.n), p.body()
		identity := ppm.Notification{Application: s.Application, Type: s.Type, Partner: s.Partner,
			Event: s.Event, EventTime: s.EventTime, Content: s.Content}.Identity()
		fmt.Fprintf(w, "INSERT INTO notification (identity, application, type, event, partner, event_time, content, received_at, sender, body_sha256, body)\n"+
			"VALUES (X'%x', '%s', '%s', '%s', '%s', '%s', '%s', %d, '127.0.0.1', X'%x', X'%x');\n",
			identity, s.Application, s.Type, s.Event, s.Partner, s.EventTime, s.Content, time.Now().UnixMicro(), sha256.Sum256(b), b)
		if err := o.acknowledged(p, nil); err != nil {
			return "", nil, err
		}
	}
	fmt.Fprintln(w, "COMMIT;")
	w.Flush()
	cmd := exec.CommandContext(l, "sqlite3", "-batch", "-bail", file)
	cmd.Stdin = &sql
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "wal" {
		return "", nil, fmt.Errorf("make an old database: %v: %s", err, out)
	}
	return file, o, nil
}

// p13Refusals puts files in the place of the database that the program must not
// touch: it says why, and they stay as they are.
func p13Refusals(l *lab) error {
	newer, _, err := l.oldDatabase()
	if err != nil {
		return err
	}
	if _, err := l.tool("sqlite3", "-batch", newer, "PRAGMA user_version = 999"); err != nil {
		return err
	}
	foreign := filepath.Join(l.dir, "foreign.db")
	if _, err := l.tool("sqlite3", "-batch", foreign, "CREATE TABLE customer (name TEXT); INSERT INTO customer VALUES ('Ada')"); err != nil {
		return err
	}
	text := filepath.Join(l.dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is not a database\n", 100)), 0o600); err != nil {
		return err
	}
	for i, c := range []struct{ file, words string }{
		{newer, "newer version"},
		{foreign, "not a ppm database"},
		{text, "not a ppm database"},
	} {
		data, err := l.folder(fmt.Sprintf("refused-%d", i))
		if err != nil {
			return err
		}
		file := filepath.Join(data, "ppm.db")
		if err := copyFile(file, c.file); err != nil {
			return err
		}
		before, err := sumOf(file)
		if err != nil {
			return err
		}
		if err := l.refuse(data, c.words); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(c.file), err)
		}
		after, err := sumOf(file)
		if err != nil {
			return err
		}
		if after != before {
			return fmt.Errorf("%s was changed", filepath.Base(c.file))
		}
		l.figure(strings.TrimSuffix(filepath.Base(c.file), ".db"), "refused, untouched", "")
	}
	l.done = 1
	return nil
}

// sumOf returns the SHA-256 of a file.
func sumOf(file string) (string, error) {
	b, err := os.ReadFile(file)
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:]), err
}
