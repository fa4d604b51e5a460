package dbtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var lineTests = tests{
	"ClientsCanBecomeOrderedAndUnordered": reordered,
}

func reordered(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	for i := range 6 {
		a := Arrival(i)
		a.Application = []string{"A", "B"}[i%2]
		accept(t, s, a)
	}
	all := wanted(t, s, crm)
	now := time.Now().Add(time.Second)
	if got := due(t, s, crm, now); !slices.Equal(got, all) {
		t.Fatalf("due are %v, want %v", got, all)
	}
	leased, _, err := s.Claim(t.Context(), crm, now.Add(time.Second), now.Add(time.Hour), day, 1000)
	if err != nil || len(leased) != len(all) {
		t.Fatal("claim:", leased, err)
	}

	c := client(t, s, crm)
	c.Ordered = true
	save(t, s, c)
	later := now.Add(2 * time.Hour)
	if got := due(t, s, crm, later); !slices.Equal(got, all[:2]) {
		t.Errorf("ordered, due are %v, want %v", got, all[:2])
	}
	for _, d := range leased { // of those in the line nobody has the lease any more
		a := ppm.Attempt{Before: d, After: d.Attempted(now, now, nil, ppm.DefaultBackoff, 0), Began: now}
		if err := s.Record(t.Context(), a); !errors.Is(err, db.ErrOvertaken) {
			t.Errorf("recording under a lease that was taken away or has ended: %v", err)
		}
	}
	for from := 0; from < len(all); from += 2 {
		later = later.Add(time.Minute)
		if n := attempt(t, s, crm, later, func(d ppm.Delivery) (ppm.Response, error) {
			if !slices.Contains(all[from:from+2], d.Receipt) {
				t.Errorf("%s came out of turn", d.Receipt)
			}
			return ppm.Response{}, nil
		}); n != 2 {
			t.Errorf("%d were due at a time, want one of each application", n)
		}
		if from == 0 { // the rest goes at once again
			c.Ordered = false
			save(t, s, c)
			later = later.Add(time.Minute)
			if got := due(t, s, crm, later); !slices.Equal(got, all[2:]) {
				t.Errorf("not ordered any more, due are %v, want %v", got, all[2:])
			}
			c.Ordered = true
			save(t, s, c)
		}
	}
	if c := counts(t, s); c.Deliveries.Delivered != int64(len(all)) || c.Notifications.Queued != 0 {
		t.Errorf("in the end it is %+v", c)
	}
}
