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
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
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
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
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

func TestAnOlderSchemaIsCopiedAndBroughtUpToDate(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 20)
	script(t, dir, `DROP TABLE rejection; PRAGMA user_version = 1`)
	s := open(t, dir)
	c, err := s.Counts(t.Context())
	if err != nil || c.Accepted != 20 || c.Rejected != 0 {
		t.Fatalf("after the upgrade: %+v, %v", c, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if _, err := sqlite.Restore(t.Context(), other, filepath.Join(dir, "backups", "before-schema-2.db")); err != nil {
		t.Fatal("the copy made before:", err)
	}
	if c, err := open(t, other).Counts(t.Context()); err != nil || c.Accepted != 20 {
		t.Errorf("the copy holds %+v, %v", c, err)
	}
}

func TestRestoreRefusesADamagedBackupAndKeepsWhatIsThere(t *testing.T) {
	dir, good := t.TempDir(), t.TempDir()
	fill(t, dir, 5)
	fill(t, good, 300)
	backup := filepath.Join(good, sqlite.FileName)
	data, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 2; i < len(data)/2+512; i++ {
		data[i] ^= 0xFF
	}
	if err := os.WriteFile(backup, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Restore(t.Context(), dir, backup); !errors.Is(err, db.ErrDamaged) {
		t.Fatalf("restoring a damaged backup returned %v", err)
	}
	if c, err := open(t, dir).Counts(t.Context()); err != nil || c.Accepted != 5 {
		t.Errorf("afterwards the store holds %+v, %v", c, err)
	}
}

func TestRestoreKeepsTheReplacedDatabase(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	fill(t, dir, 5)
	fill(t, other, 7)
	kept, err := sqlite.Restore(t.Context(), dir, filepath.Join(other, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := open(t, dir).Counts(t.Context()); err != nil || c.Accepted != 7 {
		t.Errorf("restored %+v, %v", c, err)
	}
	if _, err := sqlite.Restore(t.Context(), t.TempDir(), kept); err != nil {
		t.Errorf("what was replaced cannot be restored from %s: %v", kept, err)
	}
}

func TestEveryReplacedDatabaseIsKept(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	fill(t, dir, 5)
	fill(t, other, 7)
	kept := map[string]bool{}
	for range 3 { // within a second, nearly always
		aside, err := sqlite.Restore(t.Context(), dir, filepath.Join(other, sqlite.FileName))
		if err != nil {
			t.Fatal(err)
		}
		if kept[aside] {
			t.Errorf("%s was replaced itself", aside)
		}
		kept[aside] = true
	}
}

func TestALostOrDamagedIndexIsMadeAnew(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"lost":    os.Remove,
		"damaged": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("damage"), 10000), 0o600) },
		"other":   func(path string) error { return os.Truncate(path, 4096) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			for i := range 50 {
				if _, err := s.Accept(t.Context(), dbtest.Arrival(i)); err != nil {
					t.Fatal(err)
				}
			}
			searched(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := harm(filepath.Join(dir, "search.db")); err != nil {
				t.Fatal(err)
			}
			searched(t, open(t, dir))
		})
	}
}

func searched(t *testing.T, s *sqlite.Store) {
	t.Helper()
	found, behind, err := s.Search(t.Context(), "A000042", ppmPage(10))
	if err != nil || behind != 0 || len(found) != 1 {
		t.Fatalf("search found %v, %d behind, %v", found, behind, err)
	}
}

func TestAnotherProgramsLockIsSurvived(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
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
