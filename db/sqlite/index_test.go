package sqlite_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"processmanager/db/dbtest"
	"processmanager/db/sqlite"
)

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

func TestAnIndexOfAnotherDatabaseIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 10 {
		if _, err := s.Accept(t.Context(), dbtest.Arrival(i+100)); err != nil {
			t.Fatal(err)
		}
	}
	if found, _, err := s.Search(t.Context(), "A000103", ppmPage(5)); err != nil || len(found) != 1 {
		t.Fatalf("before: %v, %v", found, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(backupOf(t, 5))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, sqlite.FileName), old, 0o600); err != nil { // copied back by hand
		t.Fatal(err)
	}
	s = open(t, dir)
	for text, want := range map[string]int{"A000103": 0, "A000003": 1} {
		if found, behind, err := s.Search(t.Context(), text, ppmPage(5)); err != nil || behind != 0 || len(found) != want {
			t.Errorf("search %s found %d, %d behind, %v; want %d", text, len(found), behind, err, want)
		}
	}
}

// A damaged database is no reason to make the index anew again and again.
func TestADamagedDatabaseIsNotBlamedOnTheIndex(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 2000)
	path := filepath.Join(dir, sqlite.FileName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	middle := len(data) / 2 / 4096 * 4096
	copy(data[middle:middle+4096], bytes.Repeat([]byte{0xA5}, 4096))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := sqlite.Open(sqlite.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Search(t.Context(), "A000001", ppmPage(5)); err == nil || !strings.Contains(err.Error(), "read what is to be indexed") {
		t.Errorf("search in a damaged database returned %v", err)
	}
	if err := s.Close(); err != nil { // nobody writes to the log any more
		t.Error(err)
	}
	if strings.Contains(log.String(), "making the search index anew") {
		t.Error("the index was blamed:", log.String())
	}
}
