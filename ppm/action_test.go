package ppm_test

import (
	"testing"
	"time"

	"processmanager/ppm"
)

func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	since := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		r                ppm.Retention
		complete, failed time.Duration // 0: never
		shortest         time.Duration
	}{
		{ppm.Retention{Bodies: 30 * day, DeadLetters: 90 * day}, 30 * day, 90 * day, 30 * day},
		{ppm.Retention{Bodies: 30 * day, DeadLetters: 10 * day}, 30 * day, 10 * day, 10 * day},
		{ppm.Retention{Bodies: 30 * day}, 30 * day, 0, 30 * day},
		{ppm.Retention{DeadLetters: 90 * day}, 0, 90 * day, 90 * day},
		{ppm.Retention{}, 0, 0, 0},
		{ppm.Retention{Bodies: -day, DeadLetters: -day}, 0, 0, 0},
	} {
		for s, want := range map[ppm.Status]time.Duration{ppm.Complete: tt.complete, ppm.Failed: tt.failed, ppm.Queued: 0} {
			ends := time.Time{}
			if want > 0 {
				ends = since.Add(want)
			}
			if got := tt.r.Ends(s, since); !got.Equal(ends) {
				t.Errorf("%+v: what is %s ends %s, want %s", tt.r, s, got, ends)
			}
		}
		if got := tt.r.Shortest(); got != tt.shortest {
			t.Errorf("%+v: the shortest is %s, want %s", tt.r, got, tt.shortest)
		}
	}
}
