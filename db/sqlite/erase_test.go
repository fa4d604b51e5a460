package sqlite_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"processmanager/db/dbtest"
	"processmanager/db/sqlite"
	"processmanager/ppm"
)

// left returns which of words are in any file of the data folder but a backup.
func left(t *testing.T, dir string, words []string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, w := range words {
			if i := bytes.Index(text, []byte(w)); i >= 0 {
				found = append(found, fmt.Sprintf("%s at %d of %s", w, i, filepath.Base(path)))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Bodies of all lengths, further bodies, fetched data and answers of many
// applications, between each other's pages; some of them are erased while
// somebody reads and others come.
func TestNothingErasedIsLeftInAnyFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	r := rand.New(rand.NewPCG(7, 7))
	const applications = 60
	words := make([][]string, applications)
	text := func(app int) []byte {
		w := fmt.Sprintf("zq%dz%x", app, r.Uint64())
		words[app] = append(words[app], w)
		return []byte(`{"name":"` + w + `","text":"` + strings.Repeat("lorem ", r.IntN(400)*r.IntN(3)) + w + `"}`)
	}
	crm, err := s.SaveClient(t.Context(), dbtest.Client("CRM"), "anna")
	if err != nil {
		t.Fatal(err)
	}
	arrive := func(i, app int) {
		a := arrival(i)
		a.Application, a.Body = fmt.Sprintf("N%03d", app), text(app)
		for range 1 + r.IntN(2) {
			if _, err := s.Accept(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			a.Body = text(app)
		}
	}
	for i := range 1500 {
		arrive(i, r.IntN(applications))
		if i%100 == 99 {
			work(t, s, crm, text)
		}
	}
	if _, _, err := s.Search(t.Context(), "lorem", ppmPage(1)); err != nil {
		t.Fatal(err)
	}

	for app := range applications {
		if app%4 == 0 {
			continue
		}
		if app%7 == 0 {
			done := read(t, dir, 300*time.Millisecond)
			defer func() { <-done }()
		}
		if _, err := s.Erase(t.Context(), fmt.Sprintf("N%03d", app), "anna"); err != nil {
			t.Fatal(err)
		}
		if found := left(t, dir, words[app]); len(found) > 0 {
			t.Errorf("of application %d is left: %v", app, found)
		}
		arrive(10_000+app, app/4*4) // of one that stays
	}
	for app := 0; app < applications; app += 4 {
		found, _, err := s.Search(t.Context(), words[app][0], ppmPage(5))
		if err != nil || len(found) != 1 {
			t.Errorf("of application %d, which was not erased, %d are found, %v", app, len(found), err)
		}
	}
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "b.db"), nil); err != nil {
		t.Error("the database is not whole:", err)
	}
}

// work has everything routed, fetched and delivered, or not.
func work(t *testing.T, s *sqlite.Store, client int64, text func(app int) []byte) {
	t.Helper()
	next, err := s.Unrouted(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var routes []ppm.Route
	for _, n := range next {
		routes = append(routes, ppm.Route{Receipt: n.Receipt, Fetch: true, Decisions: []ppm.Decision{{Client: client, Outcome: ppm.Undecided}}})
	}
	if err := s.Route(t.Context(), routes); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, lane := range []int64{ppm.ClearmatchAPI, client} {
		claimed, _, err := s.Claim(t.Context(), lane, now, now.Add(time.Minute), time.Hour, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range claimed {
			var app int
			if _, err := fmt.Sscanf(d.Application, "N%d", &app); err != nil {
				t.Fatal(err)
			}
			var failed error
			response := ppm.Response{Status: 200, Excerpt: text(app)}
			if lane == ppm.ClearmatchAPI {
				response.Data = text(app)
				response.Decisions = []ppm.Decision{{Client: client, Outcome: ppm.Wanted, Reason: string(text(app))}}
			} else if i%3 == 0 {
				failed = fmt.Errorf("what is %s?", text(app))
			}
			a := ppm.Attempt{Before: d, After: d.Attempted(now, now, failed, ppm.DefaultBackoff, 0), Began: now, Response: response, Err: failed}
			if err := s.Record(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// read has another program read the database for a while, from now on.
func read(t *testing.T, dir string, d time.Duration) (done chan struct{}) {
	t.Helper()
	c, err := outside(t, dir).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ExecContext(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := c.QueryRowContext(t.Context(), "SELECT count(*) FROM notification").Scan(&n); err != nil {
		t.Fatal(err)
	}
	done = make(chan struct{})
	time.AfterFunc(d, func() {
		defer close(done)
		if _, err := c.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		c.Close()
	})
	return done
}

func TestErasingThatCannotEmptyTheLogSaysSo(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := s.Accept(t.Context(), dbtest.Arrival(1)); err != nil {
		t.Fatal(err)
	}
	done := read(t, dir, 1500*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := s.Erase(ctx, "A000001", "anna"); err == nil || !strings.Contains(err.Error(), "do it again") {
		t.Errorf("erasing beside a reader that does not end returned %v", err)
	}
	<-done
	if _, err := s.Erase(t.Context(), "A000001", "anna"); err != nil {
		t.Error("again:", err)
	}
}

// What was deleted by a version that did not overwrite is gone after the upgrade.
func TestTheUpgradeOverwritesWhatWasDeletedBefore(t *testing.T) {
	dir := t.TempDir()
	if err := sqlite.CreateOlder(dir, 2); err != nil {
		t.Fatal(err)
	}
	const canary = "Hannelore-Mustermann"
	pool := outside(t, dir)
	for i := range 400 {
		body := strings.Repeat(canary, 1+i%40*20)
		if i%10 == 0 {
			body = "stays"
		}
		if _, err := pool.Exec(`INSERT INTO rejection (received_at, sender, status, reason, line, col, body) VALUES (?, '', 400, '', 0, 0, ?)`, i, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(`DELETE FROM rejection WHERE body <> ?`, []byte("stays")); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	if len(left(t, dir, []string{canary})) == 0 {
		t.Fatal("SQLite overwrites by itself: this test shows nothing")
	}
	s := open(t, dir)
	kept, err := s.Rejections(t.Context(), 0, 1000)
	if err != nil || len(kept) != 40 || kept[0].ID != 391 || kept[39].ID != 1 {
		t.Errorf("%d rejections are left, %v", len(kept), err)
	}
	if err := s.Reject(t.Context(), ppm.Rejection{Status: 400, Body: []byte("new")}); err != nil {
		t.Fatal(err)
	}
	if kept, err := s.Rejections(t.Context(), 0, 1); err != nil || kept[0].ID != 401 {
		t.Errorf("the next rejection is %+v, %v; want 401, a number never given out", kept, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if found := left(t, dir, []string{canary}); len(found) > 0 {
		t.Error(found)
	}
}

func TestRejectionsThatNameTheApplicationAreErased(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	utf16 := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			b.Write([]byte{c, 0})
		}
		return b.String()
	}
	for body, named := range map[string]bool{
		`{"id":"A1-7/b"`:                     true,
		`https://api/application/A1-7/b`:     true,
		`A1-7/b`:                             true,
		`{"id":"A1-7\/b"`:                    true,
		`{"id":"\u00411-7\u002Fb"`:           true,
		`{"id":"\nA1-7/b`:                    true,
		"\xff\xfe" + utf16(`{"id":"A1-7/b"`): true,
		`A1-7/bb`:                            false,
		`BA1-7/b`:                            false,
		`üA1-7/b`:                            false,
		`A1-7\u0041/b`:                       false,
		`A1-70/b`:                            false,
		`a1-7/b`:                             false,
		``:                                   false,
		`\u00`:                               false,
		base64.StdEncoding.EncodeToString([]byte(`A1-7/b`)): false, // who encodes hides
	} {
		if err := s.Reject(t.Context(), ppm.Rejection{At: time.Now(), Status: 400, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		e, err := s.Erase(t.Context(), "A1-7/b", "anna")
		if err != nil || (e.Rejections == 1) != named {
			t.Errorf("%q: erased %+v, %v; want %v", body, e, err, named)
		}
	}
}
