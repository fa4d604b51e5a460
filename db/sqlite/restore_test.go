package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"processmanager/db"
	"processmanager/db/dbtest"
	"processmanager/db/sqlite"
)

func TestRestoreRefusesADamagedBackupAndKeepsWhatIsThere(t *testing.T) {
	dir, good := t.TempDir(), t.TempDir()
	fill(t, dir, 5)
	fill(t, good, 1000)
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

// killed returns a folder as a killed service leaves it: stored notifications
// in the database, and further ones up to all in the log beside it.
func killed(t *testing.T, stored, all int) string {
	t.Helper()
	live, dead := t.TempDir(), t.TempDir()
	fill(t, live, stored)
	s := open(t, live)
	for i := stored; i < all; i++ {
		if _, err := s.Accept(t.Context(), dbtest.Arrival(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(filepath.Join(live, sqlite.FileName+suffix))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dead, sqlite.FileName+suffix), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dead
}

func holds(t *testing.T, dir string, want int64) {
	t.Helper()
	s := open(t, dir)
	defer s.Close()
	c, err := s.Counts(t.Context())
	if err != nil || c.Accepted != want {
		t.Errorf("the store holds %d (%v), want %d", c.Accepted, err, want)
	}
	if records, err := s.List(t.Context(), ppmPage(1000)); err != nil || int64(len(records)) != want {
		t.Errorf("%d are listed (%v), want %d", len(records), err, want)
	}
}

func backupOf(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	fill(t, dir, n)
	return filepath.Join(dir, sqlite.FileName)
}

func TestRestoreIsNotSpoiltByTheLogOfAnotherDatabase(t *testing.T) {
	dir := killed(t, 20, 60)
	if err := os.Remove(filepath.Join(dir, sqlite.FileName)); err != nil { // the damaged one, by hand
		t.Fatal(err)
	}
	if _, err := sqlite.Restore(t.Context(), dir, backupOf(t, 5)); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, 5)
}

func TestWhatWasPutAsideCanBeRestoredWithItsLog(t *testing.T) {
	kept, err := sqlite.Restore(t.Context(), killed(t, 20, 60), backupOf(t, 5))
	if err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if _, err := sqlite.Restore(t.Context(), other, kept); err != nil {
		t.Fatal(err)
	}
	holds(t, other, 60)
}

func TestEveryReplacedDatabaseIsKept(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 7)
	var kept []string
	for n := range 3 {
		name, err := sqlite.Restore(t.Context(), dir, backupOf(t, n+1))
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, name)
	}
	for i, want := range []int64{7, 1, 2} {
		other := t.TempDir()
		if _, err := sqlite.Restore(t.Context(), other, kept[i]); err != nil {
			t.Fatal(err)
		}
		holds(t, other, want)
	}
}

// A database that has gone is never taken for a first start.
func TestARestoreBrokenOffIsNotTakenForAFirstStart(t *testing.T) {
	for _, left := range []string{"ppm.db-wal", "ppm.db.restore", "ppm.db.replaced-20261123-090000", "search.db"} {
		t.Run(left, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, sqlite.FileName)
			if err := os.WriteFile(filepath.Join(dir, left), []byte("what is left"), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := sqlite.Open(sqlite.Options{Dir: dir})
			if !errors.Is(err, db.ErrMissing) {
				s.Close()
				t.Fatalf("Open returned %v, want ErrMissing", err)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("an empty database was made")
			}
			if _, err := sqlite.Restore(t.Context(), dir, backupOf(t, 3)); err != nil {
				t.Fatal("the advice does not work:", err)
			}
			holds(t, dir, 3)
		})
	}
}

func TestASecondBackupAtATimeIsRefused(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 100 {
		if _, err := s.Accept(t.Context(), dbtest.Arrival(i)); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(t.TempDir(), "b.db")
	refused := false
	err := s.Backup(t.Context(), to, func(int, int) {
		if !refused {
			refused = s.Backup(t.Context(), to+"2", nil) != nil
		}
	})
	if err != nil || !refused {
		t.Errorf("the first returned %v, the second was refused: %v", err, refused)
	}
	if err := s.Backup(t.Context(), to+"2", nil); err != nil {
		t.Error("a backup after the first:", err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v", info.Mode(), err)
	}
}

func TestWhatAKilledBackupLeftIsRemoved(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "backups", "ppm-20261123-090000.db.part")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-journal"} {
		if err := os.WriteFile(left+suffix, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir)
	if found, _ := filepath.Glob(filepath.Dir(left) + "/*"); len(found) > 0 {
		t.Error("left:", fmt.Sprint(found))
	}
}
