package ui

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"processmanager/db"
	"processmanager/ppm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func remote(t *testing.T, m *memory) *Remote {
	t.Helper()
	c, err := NewRemote(serve(t, m).URL, token)
	check(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestARemoteTellsWhatTheStoreTells(t *testing.T) {
	m := remember(5)
	m.rejected = []ppm.Rejection{{ID: 9, At: noon, Reason: "a comma is missing", Status: 400, Line: 2, Column: 1}, {ID: 8, At: noon}}
	c, ctx := remote(t, m), t.Context()

	st, err := c.Status(ctx)
	want, _ := m.status(ctx)
	if err != nil || !reflect.DeepEqual(st, want) {
		t.Errorf("Status = %+v, %v; want %+v", st, err, want)
	}
	for _, p := range []ppm.Page{{Limit: 2}, {Limit: 2, OldestFirst: true}, {Limit: 9, After: m.kept[2].Receipt}} {
		got, err := c.List(ctx, p)
		want, _ := m.List(ctx, p)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("List(%+v) = %v, %v; want %v", p, got, err, want)
		}
	}
	d, err := c.Find(ctx, m.kept[3].Receipt)
	if err != nil || !reflect.DeepEqual(d, m.kept[3]) {
		t.Errorf("Find = %+v, %v", d, err)
	}
	found, behind, err := c.Search(ctx, "A000004", ppm.Page{Limit: 10})
	if err != nil || len(found) != 1 || found[0].Application != "A000004" || behind != 7 {
		t.Errorf("Search = %v, %d, %v", found, behind, err)
	}
	rejected, err := c.Rejections(ctx, 0, 10)
	if err != nil || !reflect.DeepEqual(rejected, m.rejected) {
		t.Errorf("Rejections = %+v, %v", rejected, err)
	}
	if older, err := c.Rejections(ctx, 9, 10); err != nil || len(older) != 1 || older[0].ID != 8 {
		t.Errorf("Rejections before 9 = %+v, %v", older, err)
	}
}

func TestARemotesFaultsAreTheStores(t *testing.T) {
	m := remember(1)
	c, ctx := remote(t, m), t.Context()
	if _, err := c.Find(ctx, "7-AAAAAAAA"); !errors.Is(err, db.ErrNotFound) || err.Error() != "7-AAAAAAAA: not found" {
		t.Errorf("Find of nothing = %v", err)
	}
	m.fail = fmt.Errorf("list: %w", db.ErrUnavailable)
	if _, err := c.List(ctx, ppm.Page{Limit: 1}); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("List of a store that is away = %v", err)
	}
}

func TestExportGivesEveryNotificationOnceOldestFirst(t *testing.T) {
	m := remember(1234)
	c := remote(t, m)
	for _, tt := range []struct {
		e    Exports
		want int
	}{
		{Exports{}, 1234},
		{Exports{Body: true}, 1234},
		{Exports{Since: noon.Add(1000 * time.Second)}, 234},
		{Exports{Since: noon.Add(-time.Hour)}, 1234},
		{Exports{Since: noon.Add(time.Hour)}, 0},
	} {
		for name, export := range map[string]func(func(Exported) error) error{
			"here":   func(yield func(Exported) error) error { return Export(t.Context(), m, tt.e, yield) },
			"remote": func(yield func(Exported) error) error { return c.Export(t.Context(), tt.e, yield) },
		} {
			var got []Exported
			check(t, export(func(x Exported) error { got = append(got, x); return nil }))
			if len(got) != tt.want {
				t.Fatalf("%s, %+v: %d exported, want %d", name, tt.e, len(got), tt.want)
			}
			for i, x := range got {
				want := m.kept[len(m.kept)-tt.want+i]
				if x.Record != want.Record {
					t.Fatalf("%s, %+v: number %d is %s, want %s", name, tt.e, i, x.Receipt, want.Receipt)
				}
				if tt.e.Body != (x.Body != nil) || x.Body != nil && *x.Body != want.Body {
					t.Fatalf("%s, %+v: body of %s = %v", name, tt.e, x.Receipt, x.Body)
				}
			}
		}
	}
}

func TestExportSinceReadsNoMoreThanItMust(t *testing.T) {
	m := remember(10_000)
	check(t, Export(t.Context(), m, Exports{Since: noon.Add(9_990 * time.Second)}, func(Exported) error { return nil }))
	if m.pages > 6 {
		t.Errorf("%d pages were read for the last ten of ten thousand", m.pages)
	}
}

func TestAnExportThatFailsHalfWayIsNotTakenForAWholeOne(t *testing.T) {
	m := remember(1200)
	m.fail, m.failAfter = errors.New("disk on fire"), 2
	var n int
	err := remote(t, m).Export(t.Context(), Exports{}, func(Exported) error { n++; return nil })
	if err == nil || !strings.Contains(err.Error(), "disk on fire") || n != 1000 {
		t.Errorf("export = %v after %d", err, n)
	}

	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"receipt":"1-AAAAAAAA"}` + "\n"))
	}))
	defer cut.Close()
	c, err := NewRemote(cut.URL, token)
	check(t, err)
	defer c.Close()
	if err := c.Export(t.Context(), Exports{}, func(Exported) error { return nil }); err == nil {
		t.Error("an answer without its last line was taken for a whole one")
	}
}

func TestABackupTellsHowFarItIs(t *testing.T) {
	m := remember(0)
	m.steps = 3
	told := make(chan bool)
	m.block = func(context.Context) { <-told } // goes on only once the caller knows
	c := remote(t, m)
	dir := t.TempDir()
	once := sync.OnceFunc(func() { close(told) })
	copied := filepath.Join(dir, "copy.db")
	made, err := c.Backup(t.Context(), BackupOrder{To: copied}, func(done, total int) {
		if done == 3 && total == 3 {
			once()
		}
	})
	check(t, err)
	if made.File != copied || made.Bytes != 7 {
		t.Errorf("the backup that was made is told to be %+v", made)
	}
	_, err = c.Backup(t.Context(), BackupOrder{To: filepath.Join(dir, "taken.db")}, nil)
	if err == nil || err.Error() != "there is such a file already" {
		t.Errorf("backup onto a file = %v", err)
	}
}

func TestTheTokenGoesToThisMachineOnly(t *testing.T) {
	for _, address := range []string{"https://127.0.0.1:1/", "http://192.0.2.1:8484/", "http://example.com/", "http://localhost.example/", "file:///etc/passwd", "", "::"} {
		if _, err := NewRemote(address, token); err == nil {
			t.Errorf("%q was taken for a dashboard on this machine", address)
		}
	}
	var away []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { away = append(away, r.URL.Path) }))
	defer thief.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	c, err := NewRemote(redirecting.URL, token)
	check(t, err)
	defer c.Close()
	if _, err := c.Status(t.Context()); !errors.Is(err, ErrAway) || len(away) != 0 {
		t.Errorf("a redirect was followed: %v, %v", away, err)
	}
}

func TestNobodyAnsweringIsToldApart(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	address := "http://" + ln.Addr().String()
	ln.Close()
	c, err := NewRemote(address, token)
	check(t, err)
	defer c.Close()
	if _, err := c.Status(t.Context()); !errors.Is(err, ErrAway) {
		t.Errorf("nobody there = %v", err)
	}
	other, err := NewRemote(serve(t, remember(0)).URL, "another token")
	check(t, err)
	defer other.Close()
	if _, err := other.Status(t.Context()); !errors.Is(err, ErrAway) {
		t.Errorf("another service there = %v", err)
	}
}

func TestServeStopsWhenAskedEvenInTheMiddleOfABackup(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	m, begun := remember(0), make(chan struct{})
	m.block = func(ctx context.Context) { close(begun); <-ctx.Done() }
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- New(Options{Store: m, Token: token, Status: m.status}).Serve(ctx, ln) }()
	c, err := NewRemote("http://"+ln.Addr().String()+"/", token)
	check(t, err)
	defer c.Close()
	backedUp := make(chan error)
	go func() {
		_, err := c.Backup(t.Context(), BackupOrder{To: filepath.Join(t.TempDir(), "copy.db")}, nil)
		backedUp <- err
	}()
	<-begun
	stop()
	if err := <-served; err != nil {
		t.Errorf("Serve = %v", err)
	}
	if err := <-backedUp; !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("the backup ended with %v", err)
	}
}

func TestServeRefusesAnAddressOthersCanReach(t *testing.T) {
	ln, err := net.Listen("tcp", "0.0.0.0:0")
	check(t, err)
	m := remember(0)
	err = New(Options{Store: m, Token: token, Status: m.status}).Serve(t.Context(), ln)
	if err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("Serve on %s = %v", ln.Addr(), err)
	}
}

func TestACallerWhoLeavesIsNoFaultOfTheService(t *testing.T) {
	m := remember(0)
	m.block = func(ctx context.Context) { <-ctx.Done() }
	var log strings.Builder
	srv := httptest.NewServer(New(Options{Store: m, Token: token, Status: m.status, Log: slog.New(slog.NewTextHandler(&log, nil))}).Handler())
	c, err := NewRemote(srv.URL, token)
	check(t, err)
	defer c.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	if _, err := c.Backup(ctx, BackupOrder{To: filepath.Join(t.TempDir(), "copy.db")}, func(int, int) { leave() }); !errors.Is(err, context.Canceled) {
		t.Errorf("the backup ended with %v", err)
	}
	srv.Close() // waits for the answer's end
	if log.Len() > 0 {
		t.Errorf("logged: %s", log.String())
	}
}
