package sqlite_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"processmanager/db"
	"processmanager/db/dbtest"
	"processmanager/db/sqlite"
	"processmanager/ppm"
)

// outside opens the database in dir as another program would.
func outside(t *testing.T, dir string) *sql.DB {
	t.Helper()
	pool, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return pool
}

func script(t *testing.T, dir, text string) {
	t.Helper()
	pool := outside(t, dir)
	if _, err := pool.Exec(text); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// fill makes a store in dir with n notifications and closes it.
func fill(t *testing.T, dir string, n int) {
	t.Helper()
	s := open(t, dir)
	for i := range n {
		if _, err := s.Accept(context.Background(), dbtest.Arrival(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, dir string, want error, words ...string) {
	t.Helper()
	path := filepath.Join(dir, sqlite.FileName)
	before, _ := os.ReadFile(path)
	s, err := sqlite.Open(sqlite.Options{Dir: dir})
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, want) {
		t.Fatalf("Open returned %v, want %v", err, want)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
	after, _ := os.ReadFile(path)
	if sha256.Sum256(before) != sha256.Sum256(after) {
		t.Error("the refused file was changed")
	}
}

func TestWhatIsNotOursIsRefusedAndLeftAlone(t *testing.T) {
	t.Run("another program's database", func(t *testing.T) {
		dir := t.TempDir()
		script(t, dir, `CREATE TABLE diary (entry TEXT)`)
		refused(t, dir, db.ErrForeign, "another data folder")
	})
	t.Run("not a database", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, sqlite.FileName), []byte("Dear diary"), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, db.ErrForeign, "ppm restore")
	})
	t.Run("a newer version's", func(t *testing.T) {
		dir := t.TempDir()
		fill(t, dir, 1)
		script(t, dir, `PRAGMA user_version = 999`)
		refused(t, dir, db.ErrNewer, "999", "newer")
	})
	t.Run("destroyed", func(t *testing.T) {
		dir := t.TempDir()
		fill(t, dir, 100)
		path := filepath.Join(dir, sqlite.FileName)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copy(data[100:], bytes.Repeat([]byte{0xA5}, 4000)) // the schema's page, but not its header
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, db.ErrDamaged, "ppm restore")
	})
}

func TestAFlippedByteIsNeverShownAsTheTruth(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 3)
	script(t, dir, `UPDATE notification SET application = 'A999999' WHERE id = 1;
		UPDATE notification SET body = CAST(replace(body, 'note', 'nope') AS BLOB) WHERE id = 2`)
	s := open(t, dir)
	if _, err := s.List(t.Context(), ppmPage(10)); !errors.Is(err, db.ErrDamaged) || !strings.Contains(err.Error(), "notification 1") {
		t.Errorf("listing a changed application number returned %v", err)
	}
	if _, err := s.Find(t.Context(), receipt(2, 1)); !errors.Is(err, db.ErrDamaged) {
		t.Errorf("finding a changed body returned %v", err)
	}
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "b.db"), nil); !errors.Is(err, db.ErrDamaged) {
		t.Errorf("backing up a damaged database returned %v", err)
	}
}

func TestAMissingRowIsNeverPassedOver(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 5)
	script(t, dir, `PRAGMA foreign_keys = 0; DELETE FROM notification WHERE id IN (1, 3)`)
	s := open(t, dir)
	for _, p := range []ppm.Page{{Limit: 10}, {Limit: 2, After: receipt(5, 4)}, {Limit: 10, OldestFirst: true}, {Limit: 10, After: receipt(3, 2)}} {
		if list, err := s.List(t.Context(), p); !errors.Is(err, db.ErrDamaged) {
			t.Errorf("list %+v returned %d records, %v", p, len(list), err)
		}
	}
	if _, err := s.Find(t.Context(), receipt(3, 2)); !errors.Is(err, db.ErrDamaged) {
		t.Errorf("finding a row that is gone returned %v", err)
	}
	if _, err := s.Find(t.Context(), receipt(6, 2)); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("finding what never was returned %v", err)
	}
}

func TestAnOlderSchemaIsCopiedAndBroughtUpToDate(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 20)
	firstSchema(t, dir)
	s := open(t, dir)
	c, err := s.Counts(t.Context())
	if err != nil || c.Accepted != 20 || c.Rejected != 0 {
		t.Fatalf("after the upgrade: %+v, %v", c, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if _, err := sqlite.Restore(t.Context(), other, filepath.Join(dir, "backups", "schema-1.db")); err != nil {
		t.Fatal("the copy made before:", err)
	}
	if c, err := open(t, other).Counts(t.Context()); err != nil || c.Accepted != 20 {
		t.Errorf("the copy holds %+v, %v", c, err)
	}
}

// firstSchema takes away what came after the first version of the schema.
func firstSchema(t *testing.T, dir string) {
	t.Helper()
	var drop string
	err := outside(t, dir).QueryRow(`
		SELECT group_concat('DROP TABLE ' || name, ';')
		FROM sqlite_schema
		WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('notification', 'arrival', 'tally')`).Scan(&drop)
	if err != nil {
		t.Fatal(err)
	}
	script(t, dir, drop+`; DELETE FROM tally WHERE name NOT IN ('redeliveries', 'probes'); PRAGMA user_version = 1`)
}

func TestAnotherProgramsLockIsSurvived(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	s, err := sqlite.Open(sqlite.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := outside(t, dir).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accept(t.Context(), dbtest.Arrival(1)); !errors.Is(err, db.ErrUnavailable) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("Accept under another program's lock returned %v", err)
	}
	if s.Health() == nil {
		t.Error("health is good while nothing can be stored")
	}
	if _, err := c.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); s.Health() != nil; runtime.Gosched() { // it tries again by itself
		if time.Now().After(deadline) {
			t.Fatal("not healed:", s.Health())
		}
	}
	if _, err := s.Accept(t.Context(), dbtest.Arrival(1)); err != nil {
		t.Errorf("after the lock was gone: %v", err)
	}
}

func TestANewerSchemaInTheLogIsRefused(t *testing.T) {
	live, dir := t.TempDir(), t.TempDir()
	fill(t, live, 1)
	c, err := outside(t, live).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ExecContext(t.Context(), "PRAGMA user_version = 999"); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(filepath.Join(live, sqlite.FileName+suffix))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, sqlite.FileName+suffix), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sqlite.Open(sqlite.Options{Dir: dir}); !errors.Is(err, db.ErrNewer) {
		t.Errorf("Open returned %v, want ErrNewer", err)
	}
}

func TestADatabaseRemovedUnderTheRunningStoreIsNoticed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := os.Remove(filepath.Join(dir, sqlite.FileName)); err != nil {
		t.Fatal(err) // Windows would not let it go
	}
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		_, err := s.Accept(t.Context(), dbtest.Arrival(1))
		if errors.Is(err, db.ErrUnavailable) && strings.Contains(err.Error(), "removed") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("still accepting into a file that is gone:", err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, sqlite.FileName)); err == nil {
		t.Error("an empty database was made in its place")
	}
}
