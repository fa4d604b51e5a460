package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"processmanager/db/sqlite"
	"processmanager/ppm"
)

// While acknowledgements come as fast as they can, what can wait is written too.
func TestBurst(t *testing.T) {
	s, err := sqlite.Open(sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var n atomic.Int64
	var stop atomic.Bool
	var senders sync.WaitGroup
	for range 32 {
		senders.Go(func() {
			for !stop.Load() {
				accept(t, s, int(n.Add(1)))
			}
		})
	}
	save := func(i int) error {
		_, err := s.SaveClient(context.Background(), ppm.Client{Name: fmt.Sprint("client ", i), Kind: ppm.Folder, Settings: []byte(`{}`),
			Backoff: ppm.DefaultBackoff, Concurrency: 1}, "test")
		return err
	}
	saved := make(chan error, 1)
	go func() {
		for i := range 20 {
			if err := save(i); err != nil {
				saved <- err
				return
			}
		}
		saved <- nil
	}()
	select {
	case err := <-saved:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("what can wait waited for a minute")
	}
	stop.Store(true)
	senders.Wait()
	clients, err := s.Clients(context.Background())
	if err != nil || len(clients) != 20 {
		t.Errorf("%d clients, %v; want 20", len(clients), err)
	}
}
