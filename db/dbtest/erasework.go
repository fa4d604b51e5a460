package dbtest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var eraseWorkTests = tests{
	"AnAttemptAtWhatIsErasedIsOvertaken": erasedUnderWay,
	"WhatABrokenOffErasureLeavesGoesOn":  erasedInPart,
}

func erasedUnderWay(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM"})
	receipt := accept(t, s, Arrival(1)).Receipt
	wanted(t, s, crm)
	now := time.Now()
	claimed, _, err := s.Claim(t.Context(), crm, now, now.Add(time.Minute), time.Hour, 1)
	if err != nil || len(claimed) != 1 {
		t.Fatal("claim:", claimed, err)
	}
	if got := erase(t, s, Arrival(1).Application); got.Stopped != 1 {
		t.Errorf("erased %+v, want 1 stopped", got)
	}
	if _, err := s.Load(t.Context(), claimed[0]); !errors.Is(err, db.ErrOvertaken) {
		t.Errorf("loading what is erased: %v, want ErrOvertaken", err)
	}
	a := ppm.Attempt{Before: claimed[0], After: claimed[0].Attempted(now, now, nil, ppm.DefaultBackoff, 0), Began: now,
		Response: ppm.Response{Status: 200, Excerpt: []byte(secret)}}
	if err := s.Record(t.Context(), a); !errors.Is(err, db.ErrOvertaken) {
		t.Errorf("recording an attempt at what is erased: %v, want ErrOvertaken", err)
	}
	if d := find(t, s, receipt); d.Status != ppm.Failed || len(d.Deliveries) != 1 || d.Deliveries[0].State != ppm.GaveUp || len(d.Deliveries[0].Made) != 0 {
		t.Errorf("it is %+v", d)
	}
	if c := client(t, s, crm); c.Waiting != 0 || c.GaveUp != 1 {
		t.Errorf("the client has %d waiting, %d given up on; want 0, 1", c.Waiting, c.GaveUp)
	}
}

// erasedInPart breaks an erasure off when some of it is done.
func erasedInPart(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm := keepClient(t, s, ppm.Client{Name: "CRM", Ordered: true})
	acceptSome(t, s, strings.Split(strings.Repeat("A ", 199)+"A", " ")...)
	all := wanted(t, s, crm)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { _, err := s.Erase(ctx, "A", "anna"); done <- err }()
	for !find(t, s, all[0]).Erased { // which it is at some time
		runtime.Gosched()
	}
	stop()
	err := <-done
	var left int64
	now := time.Now()
	for ; counts(t, s).Deliveries.Waiting > 0; left++ {
		now = now.Add(time.Second)
		if n := attempt(t, s, crm, now, works); n != 1 {
			t.Fatalf("%d were due of what %v has left: %+v", n, err, counts(t, s))
		}
	}
	if c := counts(t, s); c.Deliveries != (ppm.DeliveryCounts{Delivered: left, GaveUp: 200 - left}) || (left > 0) != (err != nil) {
		t.Errorf("it ended with %v and left %d; counted %+v", err, left, c)
	}
	erase(t, s, "A")
	nothingDue(t, s, crm, now.Add(day), time.Time{})
}
