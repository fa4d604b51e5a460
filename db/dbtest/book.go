package dbtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var bookTests = map[string]func(*testing.T, Engine){
	"BrowsingFindsWhatFitsNewestFirst": browseFinds,
	"WhatIsBrowsedTellsWhatBecameOfIt": browseTells,
	"PaceCountsWhatArrived":            pace,
}

// A bookcase is a store with notifications in every state there is: ten of them,
// one a minute, number i about application A00000i.
type bookcase struct {
	db.Store
	crm, loans, held int64
	receipts         []ppm.Receipt // by i, from 1
}

var bookNoon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newBookcase(t *testing.T, e Engine) *bookcase {
	t.Helper()
	b := &bookcase{Store: e.open(t, t.TempDir()), receipts: []ppm.Receipt{""}}
	add := func(name string) int64 {
		c := Client(name)
		c.Ordered, c.Data = false, false
		return save(t, b, c)
	}
	b.crm, b.loans, b.held = add("crm"), add("loans"), add("held")
	for i := 1; i <= 10; i++ {
		a := Arrival(i)
		a.At = bookNoon.Add(time.Duration(i) * time.Minute)
		if i%2 == 0 {
			a.Type, a.Event = "applicationCreated", "Offer accepted"
		}
		b.receipts = append(b.receipts, accept(t, b, a).Receipt)
		if i == 4 || i == 7 {
			accept(t, b, a)
			accept(t, b, a)
		}
	}
	// 1 to 8 are wanted by loans; 3, 6 by crm, which is down; 5 by the one that is held.
	var routes []ppm.Route
	for i := 1; i <= 9; i++ {
		r := ppm.Route{Receipt: b.receipts[i]}
		want := func(client int64, is bool) {
			d := ppm.Decision{Client: client, Outcome: ppm.Unwanted, Reason: "no rule"}
			if is {
				d.Outcome, d.Reason = ppm.Wanted, "rule 1"
			}
			r.Decisions = append(r.Decisions, d)
		}
		want(b.crm, i == 3 || i == 6)
		want(b.loans, i <= 8)
		want(b.held, i == 5)
		routes = append(routes, r)
	}
	if err := b.Route(t.Context(), routes); err != nil {
		t.Fatal("route:", err)
	}
	for range ppm.DownAfter { // nothing of it gives up
		b.attempt(t, b.crm, time.Hour, func(i int) error { return errors.New("nobody is there") })
	}
	b.attempt(t, b.loans, 0, func(i int) error {
		switch i {
		case 2, 7:
			return ppm.PermanentError{Err: errors.New("the body is no good")}
		case 8:
			return errors.New("it is busy")
		}
		return nil
	})
	if err := b.HoldClient(t.Context(), b.held, true, "anna"); err != nil {
		t.Fatal(err)
	}
	return b
}

// attempt makes an attempt at what is due to a client, with what it comes to.
func (b *bookcase) attempt(t *testing.T, client int64, later time.Duration, how func(i int) error) {
	t.Helper()
	now := time.Now().Add(later)
	claimed, _, err := b.Claim(t.Context(), client, now, now.Add(time.Minute), 1000*time.Hour, 100)
	if err != nil {
		t.Fatal("claim:", err)
	}
	for _, d := range claimed {
		err := how(slices.Index(b.receipts, d.Receipt))
		after := d.Attempted(now, now, err, ppm.DefaultBackoff, 0)
		after.NextAttempt = minTime(after.NextAttempt, time.Now())
		if err := b.Record(t.Context(), ppm.Attempt{Before: d, After: after, Began: now, Err: err}); err != nil {
			t.Fatal("record:", err)
		}
	}
}

// minTime returns the earlier of two times; one that is zero stays so.
func minTime(a, b time.Time) time.Time {
	if a.IsZero() || a.Before(b) {
		return a
	}
	return b
}

func browseFinds(t *testing.T, e Engine) {
	b := newBookcase(t, e)
	at := func(i int) time.Time { return bookNoon.Add(time.Duration(i) * time.Minute) }
	for name, tt := range map[string]struct {
		q    ppm.Query
		want []int
	}{
		"all":                     {ppm.Query{}, []int{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}},
		"queued":                  {ppm.Query{Status: ppm.Queued}, []int{10, 8, 6, 5, 3}},
		"complete":                {ppm.Query{Status: ppm.Complete}, []int{9, 4, 1}},
		"failed":                  {ppm.Query{Status: ppm.Failed}, []int{7, 2}},
		"needs somebody":          {ppm.Query{NeedsYou: true}, []int{7, 6, 3, 2}},
		"sent again":              {ppm.Query{Again: true}, []int{7, 4}},
		"held":                    {ppm.Query{Held: true}, []int{5}},
		"of a client":             {ppm.Query{Client: b.crm}, []int{6, 3}},
		"delivered to a client":   {ppm.Query{Client: b.loans, State: ppm.Delivered}, []int{6, 5, 4, 3, 1}},
		"gave up":                 {ppm.Query{State: ppm.GaveUp}, []int{7, 2}},
		"gave up on a client":     {ppm.Query{Client: b.loans, State: ppm.GaveUp}, []int{7, 2}},
		"gave up on another":      {ppm.Query{Client: b.crm, State: ppm.GaveUp}, nil},
		"waiting":                 {ppm.Query{State: ppm.Waiting}, []int{8, 6, 5, 3}},
		"waiting for a client":    {ppm.Query{Client: b.crm, State: ppm.Waiting}, []int{6, 3}},
		"not wanted by a client":  {ppm.Query{Client: b.loans, State: ppm.NotWanted}, []int{9}},
		"a word":                  {ppm.Query{Words: []string{"accepted"}}, []int{10, 8, 6, 4, 2}},
		"the beginnings of words": {ppm.Query{Words: []string{"offer", "acc"}}, []int{10, 8, 6, 4, 2}},
		"without a word":          {ppm.Query{Without: []string{"accepted"}}, []int{9, 7, 5, 3, 1}},
		"a word without another":  {ppm.Query{Words: []string{"XXXXXXXX"}, Without: []string{"accepted", "A000003"}}, []int{9, 7, 5, 1}},
		"an application":          {ppm.Query{Application: "A000003"}, []int{3}},
		"an application's start":  {ppm.Query{Application: "A00001"}, []int{10}},
		"a type":                  {ppm.Query{Type: "applicationCreated"}, []int{10, 8, 6, 4, 2}},
		"a word and a status":     {ppm.Query{Words: []string{"accepted"}, Status: ppm.Queued}, []int{10, 8, 6}},
		"since":                   {ppm.Query{Since: at(8)}, []int{10, 9, 8}},
		"until":                   {ppm.Query{Until: at(3)}, []int{2, 1}},
		"between":                 {ppm.Query{Since: at(3), Until: at(5)}, []int{4, 3}},
		"since, of a status":      {ppm.Query{Since: at(4), Status: ppm.Failed}, []int{7}},
		"before all":              {ppm.Query{Until: bookNoon}, nil},
		"nothing":                 {ppm.Query{Words: []string{"zebra"}}, nil},
	} {
		for _, limit := range []int{1, 3, 50} {
			if got := b.browse(t, tt.q, limit); !slices.Equal(got, tt.want) {
				t.Errorf("%s, %d at a time = %v, want %v", name, limit, got, tt.want)
			}
		}
	}
	c, err := b.ViewCounts(t.Context())
	if err != nil || c.NeedsYou != 4 || c.Again != 2 || c.AtMost < 100 {
		t.Errorf("counts = %+v, %v", c, err)
	}
}

// browse returns all that fit, page by page.
func (b *bookcase) browse(t *testing.T, q ppm.Query, limit int) (all []int) {
	t.Helper()
	for after := ppm.Receipt(""); ; {
		f, err := b.Browse(t.Context(), q, ppm.Page{After: after, Limit: limit})
		if err != nil {
			t.Fatalf("browse %+v: %v", q, err)
		}
		if len(f.Found) > limit || len(all) > 20 {
			t.Fatalf("browse %+v: %d found after %v", q, len(f.Found), all)
		}
		for _, one := range f.Found {
			all = append(all, slices.Index(b.receipts, one.Receipt))
		}
		if after = f.Next; after == "" {
			return all
		}
	}
}

func browseTells(t *testing.T, e Engine) {
	b := newBookcase(t, e)
	f, err := b.Browse(t.Context(), ppm.Query{}, ppm.Page{Limit: 20})
	if err != nil || len(f.Found) != 10 {
		t.Fatalf("%d found, %v", len(f.Found), err)
	}
	list, err := b.List(t.Context(), ppm.Page{Limit: 20})
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range f.Found {
		if one.Record != list[i] {
			t.Errorf("%s is told as %+v, listed as %+v", one.Receipt, one.Record, list[i])
		}
		states, err := b.States(t.Context(), one.Receipt)
		if err != nil || fmt.Sprint(states) != fmt.Sprint(one.Deliveries) {
			t.Errorf("%s: told are %+v, there are %+v (%v)", one.Receipt, one.Deliveries, states, err)
		}
	}
	if _, err := b.Browse(t.Context(), ppm.Query{}, ppm.Page{After: "nonsense", Limit: 1}); !errors.Is(err, ppm.ErrBadReceipt) {
		t.Errorf("after nonsense: %v", err)
	}
}

func pace(t *testing.T, e Engine) {
	b := newBookcase(t, e)
	for _, tt := range []struct {
		since, until time.Time
		stretches    int
		want         []int64
	}{
		{bookNoon, bookNoon.Add(12 * time.Minute), 4, []int64{2, 3, 3, 2}},
		{bookNoon.Add(5 * time.Minute), bookNoon.Add(8 * time.Minute), 3, []int64{1, 1, 1}},
		{bookNoon.Add(-time.Hour), bookNoon, 2, []int64{0, 0}},
		{bookNoon.Add(time.Hour), bookNoon.Add(2 * time.Hour), 2, []int64{0, 0}},
	} {
		got, err := b.Pace(t.Context(), tt.since, tt.until, tt.stretches)
		if err != nil || len(got) != tt.stretches || !got[0].From.Equal(tt.since) {
			t.Fatalf("pace = %+v, %v", got, err)
		}
		for i, s := range got {
			if s.Notifications != tt.want[i] {
				t.Errorf("from %s: %d, want %d", s.From, s.Notifications, tt.want[i])
			}
		}
	}
	empty := e.open(t, t.TempDir())
	if got, err := empty.Pace(t.Context(), bookNoon, bookNoon.Add(time.Hour), 3); err != nil || len(got) != 3 || got[1].Notifications != 0 {
		t.Errorf("pace of nothing = %+v, %v", got, err)
	}
}
