package dbtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var rejectTests = tests{
	"RejectionsAreKeptWithinBounds": rejections,
}

func rejected(t *testing.T, s db.Store, id int64) ppm.Rejection {
	t.Helper()
	r, err := s.Rejection(t.Context(), id)
	if err != nil {
		t.Fatal("rejection:", err)
	}
	return r
}

func rejections(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for i := range 1003 {
		r := ppm.Rejection{At: at, From: "192.0.2.7", Status: 400, Reason: fmt.Sprint("fault ", i), Line: 3, Column: 1, Body: []byte("{\xff")}
		if i == 1002 {
			r.Body = nil
		}
		if err := s.Reject(t.Context(), r); err != nil {
			t.Fatal("reject:", err)
		}
	}
	kept, err := s.Rejections(t.Context(), 0, 2)
	if err != nil || len(kept) != 2 {
		t.Fatalf("rejections: %v, %v", kept, err)
	}
	if body := rejected(t, s, kept[0].ID).Body; len(body) != 0 {
		t.Errorf("an empty body became %q", body)
	}
	if body := rejected(t, s, kept[1].ID).Body; string(body) != "{\xff" {
		t.Errorf("the body is %q", body)
	}
	if _, err := s.Rejection(t.Context(), 1); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("a forgotten rejection returned %v", err)
	}
	if kept[0].Reason != "fault 1002" || kept[1].Reason != "fault 1001" || kept[1].Body != nil ||
		!kept[1].At.Equal(at) || kept[1].Status != 400 || kept[1].Line != 3 || kept[1].Column != 1 || kept[1].From != "192.0.2.7" {
		t.Errorf("the newest rejections are %+v", kept)
	}
	older, err := s.Rejections(t.Context(), kept[1].ID, 2000)
	if err != nil || len(older) == 0 || older[0].Reason != "fault 1000" {
		t.Fatalf("older rejections: %d, %v", len(older), err)
	}
	if n := len(older) + 2; n != 1000 || counts(t, s).Rejected != 1000 {
		t.Errorf("%d rejections are kept, counted %d; want 1000", n, counts(t, s).Rejected)
	}
	for range 96 {
		if err := s.Reject(t.Context(), ppm.Rejection{At: at, Status: 400, Body: make([]byte, 1<<20)}); err != nil {
			t.Fatal("reject:", err)
		}
	}
	if n := counts(t, s).Rejected; n < 32 || n > 80 {
		t.Errorf("%d rejections of a MiB are kept, want about 64", n)
	}
}
