package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"processmanager/db"
	"processmanager/db/sqlite"
)

func hold(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(sqlite.Options{Dir: dir})
	check(t, err)
	t.Cleanup(func() { store.Close() })
	return store
}

func TestAStoreThatIsAboutToBeFreeIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	store := hold(t, dir)
	var stderr bytes.Buffer
	p := &program{Context: t.Context(), stderr: &stderr, data: dir}
	go func() {
		<-time.After(150 * time.Millisecond)
		store.Close()
	}()
	from, err := p.reach()
	check(t, err)
	check(t, from.Close())
	if stderr.Len() > 0 {
		t.Errorf("a short wait was told: %s", stderr.String())
	}
}

func TestAStoreThatStaysLockedIsGivenUpOnInWords(t *testing.T) {
	dir := t.TempDir()
	hold(t, dir)
	synctest.Test(t, func(t *testing.T) {
		var stderr bytes.Buffer
		p := &program{Context: t.Context(), stderr: &stderr, data: dir}
		begun := time.Now()
		_, err := p.reach()
		if !errors.Is(err, db.ErrInUse) || !strings.Contains(err.Error(), "end it and try again") {
			t.Errorf("reach = %v", err)
		}
		if waited := time.Since(begun); waited < patience || waited > patience+time.Second {
			t.Errorf("waited %v, want about %v", waited, patience)
		}
		if n := strings.Count(stderr.String(), "waiting for it"); n != 1 {
			t.Errorf("the wait was told %d times: %s", n, stderr.String())
		}
	})
}
