package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"processmanager/client"
	"processmanager/db"
	"processmanager/db/sqlite"
	"processmanager/pipeline"
	"processmanager/ppm"
	"processmanager/secret"
	"processmanager/ui"
)

// openedVault returns the store in dir as the service has it.
func openedVault(t *testing.T, dir string) vault {
	t.Helper()
	store, err := sqlite.Open(sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return vault{store, secret.Open(dir, nil)}
}

// worked runs what follows the acknowledgement on v until ended is called.
func worked(t *testing.T, v vault) (ended func()) {
	ctx, cancel := context.WithCancel(t.Context())
	waits := newSecrets(v, nil, slog.New(slog.DiscardHandler))
	work := pipeline.New(pipeline.Options{Store: v, Open: openWay, Limit: client.Limit, Secrets: waits})
	done := make(chan error, 2)
	go func() { done <- work.Run(ctx) }()
	go func() { done <- waits.Run(ctx) }()
	return func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

func accepted(t *testing.T, store db.Store, n int) {
	t.Helper()
	body := fmt.Sprintf(`{"id":"A%d","notificationType":"t"}`, n)
	_, err := store.Accept(t.Context(), ppm.Arrival{Notification: ppm.Notification{Application: fmt.Sprint("A", n), Type: "t"}, Body: []byte(body), At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
}

// delivered waits until the client of that name has so many.
func delivered(t *testing.T, v vault, name string, n int64) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		all, err := v.Clients(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if c.Name == name && c.Delivered == n {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never got its %d: %+v", name, n, all)
		}
	}
}

func TestOnlyClientsWithSecretsWaitForTheKeyAndItHeals(t *testing.T) {
	const token = "canary-token"
	var wrong atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/secret" && r.Header.Get("Authorization") != "Bearer "+token {
			wrong.Add(1)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	v := openedVault(t, dir)
	if err := v.keys.Make(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secret", "plain"} {
		c := ui.NewClient()
		c.Name, c.Kind, c.Settings = name, ppm.WebAddress, fmt.Appendf(nil, `{"url":%q}`, server.URL+"/"+name)
		if name == "secret" {
			c.Settings = fmt.Appendf(nil, `{"url":%q,"auth":"bearer"}`, server.URL+"/"+name)
			c.Secrets = map[string]string{"token": token}
		}
		number, err := v.SaveClient(t.Context(), c, "test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.SaveSubscription(t.Context(), ppm.Subscription{Client: number}, "test"); err != nil {
			t.Fatal(err)
		}
	}
	stop := worked(t, v)
	accepted(t, v, 1)
	delivered(t, v, "secret", 1)
	delivered(t, v, "plain", 1)
	stop()
	b, err := os.ReadFile(filepath.Join(dir, sqlite.FileName))
	if err != nil || strings.Contains(string(b), token) {
		t.Errorf("the token is in the database as text, or: %v", err)
	}

	file := filepath.Join(dir, secret.FileName)
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	v = openedVault(t, dir)
	stop = worked(t, v)
	defer func() { stop() }()
	accepted(t, v, 2)
	delivered(t, v, "plain", 2)
	all, err := v.Clients(t.Context())
	if err != nil || !all[0].WaitsForSecrets || all[0].Waiting != 1 || all[0].Failing != 0 || all[1].WaitsForSecrets {
		t.Errorf("without the key: %+v, %v", all, err)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	delivered(t, v, "secret", 2)
	if wrong.Load() > 0 {
		t.Error("the client was sent something else than its token")
	}
}

func TestSecretsKeptAsTextAreEncryptedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	v := openedVault(t, dir)
	c := ui.NewClient()
	c.Name, c.Kind = "old", ppm.WebAddress
	c.Settings, c.Secrets = []byte(`{"url":"http://127.0.0.1:1/"}`), map[string]string{"token": "canary-token"}
	if _, err := v.Store.SaveClient(t.Context(), c, "an older version"); err != nil {
		t.Fatal(err)
	}
	if err := v.keys.Make(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		if n, err := v.seal(t.Context()); n != want || err != nil {
			t.Errorf("encrypted of %d clients, %v; want %d", n, err, want)
		}
	}
	all, err := v.Clients(t.Context())
	if err != nil || all[0].Secrets["token"] != "canary-token" {
		t.Errorf("the token is now %q, %v", all[0].Secrets["token"], err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, sqlite.FileName+"*"))
	for _, file := range files {
		if b, err := os.ReadFile(file); err != nil || strings.Contains(string(b), "canary-token") {
			t.Errorf("the token can still be read in %s, or: %v", file, err)
		}
	}
}
