package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"processmanager/db/dbtest"
	"processmanager/db/sqlite"
	"processmanager/ppm"
)

// sorted are the statements that sort, with a line of theirs, and why they may.
// None goes through a table from its beginning to its end, nor through an index.
var sorted = map[string]string{
	"FROM arrival\n": "a hundred arrivals of one notification, the newest of them in their order",
	"FROM attempt\n": "a hundred attempts at one delivery, likewise",
}

var (
	// scans says that a line of a plan goes through what has no bounds. Clients,
	// their rules and what is tallied are few; rejections are a thousand at most.
	scans = regexp.MustCompile(`^SCAN (notification|arrival|delivery|attempt|fetch|work|action|expiry_later|n|d|f|earlier)\b`)
	sorts = regexp.MustCompile(`TEMP B-TREE`)
)

// TestNoStatementGrowsWithTheStore does everything that there is to do in a
// store, and looks how SQLite would go about each statement of it.
func TestNoStatementGrowsWithTheStore(t *testing.T) {
	dir := t.TempDir()
	s, statements, err := sqlite.OpenRecorded(dir)
	if err != nil {
		t.Fatal(err)
	}
	doEverything(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	pool := database(t, filepath.Join(dir, sqlite.FileName))
	all := statements()
	if len(all) < 60 {
		t.Errorf("only %d statements were seen", len(all))
	}
	found := map[string]bool{}
	for _, query := range all {
		for _, line := range plan(t, pool, query) {
			may := ""
			if sorts.MatchString(line) {
				may = reason(query)
				found[may] = true
			}
			if may == "" && (scans.MatchString(line) || sorts.MatchString(line)) {
				t.Errorf("%s: %s", line, query)
			}
		}
	}
	for part := range sorted {
		if !found[part] {
			t.Errorf("no statement with %q sorts any more", part)
		}
	}
}

// TestSearchingReadsNoMoreThanAPage: FTS5 gives what matches in the order of the
// numbers, so that it need not all be found to be sorted.
func TestSearchingReadsNoMoreThanAPage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := s.Accept(t.Context(), dbtest.Arrival(42)); err != nil {
		t.Fatal(err)
	}
	searched(t, s)
	pool := database(t, filepath.Join(dir, sqlite.IndexName))
	for _, query := range sqlite.SearchQueries {
		lines := plan(t, pool, query)
		if len(lines) != 1 || !strings.Contains(lines[0], "VIRTUAL TABLE") {
			t.Errorf("%s: %q", query, lines)
		}
	}
}

// database opens a file of the store as any program can.
func database(t *testing.T, path string) *sql.DB {
	t.Helper()
	pool, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return pool
}

// reason returns which of sorted a statement is.
func reason(query string) string {
	for part := range sorted {
		if strings.Contains(query, part) {
			return part
		}
	}
	return ""
}

// plan returns how SQLite would run a statement; nothing where it has no say.
func plan(t *testing.T, pool *sql.DB, query string) (lines []string) {
	t.Helper()
	verb, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}, strings.TrimSpace(verb)) {
		return nil
	}
	rows, err := pool.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, 20)...)
	if err != nil {
		t.Fatalf("explain %s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(new(int), new(int), new(int), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestClaimingWhatIsNotDueWritesNothing: a client with nothing to do costs no
// write, however often somebody looks.
func TestClaimingWhatIsNotDueWritesNothing(t *testing.T) {
	s, statements, err := sqlite.OpenRecorded(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	number, err := s.SaveClient(t.Context(), dbtest.Client("CRM"), "anna")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, client := range []int64{ppm.ClearmatchAPI, number} {
		if claimed, _, err := s.Claim(t.Context(), client, now, now.Add(time.Minute), time.Hour, 10); err != nil || len(claimed) != 0 {
			t.Errorf("claimed %v, %v", claimed, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, query := range statements() {
		if strings.Contains(query, "UPDATE delivery") {
			t.Errorf("this was run: %s", query)
		}
	}
}
