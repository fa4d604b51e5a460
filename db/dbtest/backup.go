package dbtest

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var backupTests = tests{
	"BackupWhileAcceptingIsWhole":   backupWhileAccepting,
	"BackupOverwritesNothing":       backupOverwritesNothing,
	"ABackupHoldsClientsAndActions": clientsInABackup,
	"ABackupHoldsDeliveries":        deliveriesInABackup,
}

func backupWhileAccepting(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	for i := range 3000 {
		a := Arrival(i)
		a.Body = append(a.Body, strings.Repeat(" ", 1000)...)
		if i%100 != 0 {
			go s.Accept(context.Background(), a)
			continue
		}
		accept(t, s, a)
	}
	before := accept(t, s, Arrival(1_000_000))

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 10_000; ; i++ {
			select {
			case <-stop:
				return
			default:
				if _, err := s.Accept(context.Background(), Arrival(i)); err != nil {
					t.Error("accept during the backup:", err)
					return
				}
			}
		}
	}()
	backup := filepath.Join(t.TempDir(), "deep", "copy.db")
	steps := 0
	err := s.Backup(t.Context(), backup, func(done, total int) {
		steps++
		if done < 0 || done > total {
			t.Errorf("progress says %d of %d", done, total)
		}
	})
	close(stop)
	<-stopped
	if err != nil || steps < 2 {
		t.Fatalf("backup: %v after %d steps", err, steps)
	}
	after := accept(t, s, Arrival(2_000_000))

	other := t.TempDir()
	if err := e.Restore(other, backup); err != nil {
		t.Fatal("restore:", err)
	}
	restored := e.open(t, other)
	if d := find(t, restored, before.Receipt); d.Body != string(Arrival(1_000_000).Body) {
		t.Errorf("restored %q", d.Body)
	}
	if _, err := restored.Find(t.Context(), after.Receipt); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("what came after the backup: %v", err)
	}
	if err := e.Restore(other, backup); !errors.Is(err, db.ErrInUse) {
		t.Errorf("restoring an open store returned %v, want ErrInUse", err)
	}
}

func backupOverwritesNothing(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), path, nil); err != nil {
		t.Fatal("backup:", err)
	}
	if err := s.Backup(t.Context(), path, nil); err == nil {
		t.Error("a second backup to the same file was not refused")
	}
}

// copied returns what a backup of s brings back in another place.
func (e Engine) copied(t *testing.T, s db.Store) db.Store {
	t.Helper()
	backup, dir := filepath.Join(t.TempDir(), "copy.db"), t.TempDir()
	if err := s.Backup(t.Context(), backup, nil); err != nil {
		t.Fatal("backup:", err)
	}
	if err := e.Restore(dir, backup); err != nil {
		t.Fatal("restore:", err)
	}
	return e.open(t, dir)
}

func clientsInABackup(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	n := save(t, s, Client("CRM"))
	subscribe(t, s, ppm.Subscription{Client: n, Rule: ppm.Rule{Type: "x"}})
	restored := e.copied(t, s)
	if got, want := client(t, restored, n), client(t, s, n); !reflect.DeepEqual(got, want) {
		t.Errorf("restored %+v, want %+v", got, want)
	}
	if got, want := subscriptions(t, restored), subscriptions(t, s); !slices.Equal(got, want) {
		t.Errorf("restored %+v, want %+v", got, want)
	}
	if got, want := actions(t, restored, ""), actions(t, s, ""); !slices.Equal(got, want) {
		t.Errorf("restored %+v, want %+v", got, want)
	}
}

func deliveriesInABackup(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM", Ordered: true})
	for i := range 10 {
		a := Arrival(i)
		a.Application = []string{"A000001", "B"}[i%2]
		accept(t, s, a)
	}
	route(t, s, crm)
	for range 3 {
		attempt(t, s, ppm.ClearmatchAPI, time.Now(), fetched(crm, "rule 1"))
		attempt(t, s, crm, time.Now(), func(ppm.Delivery) (ppm.Response, error) { return ppm.Response{Status: 500}, errors.New("not now") })
	}
	erase(t, s, "B") // a body that is not there is no damage
	restored := e.copied(t, s)
	all, err := s.List(t.Context(), ppm.Page{Limit: 100})
	if err != nil || len(all) != 10 {
		t.Fatal("list:", all, err)
	}
	for _, r := range all {
		if got, want := find(t, restored, r.Receipt), find(t, s, r.Receipt); !reflect.DeepEqual(got, want) {
			t.Errorf("restored %+v, want %+v", got, want)
		}
	}
	if got, want := counts(t, restored), counts(t, s); got != want {
		t.Errorf("restored %+v, want %+v", got, want)
	}
}
