// Package dbtest is the contract of package db as tests. Every engine runs it.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// An Engine is what the contract is held against.
type Engine struct {
	// Open opens the store of the data folder dir.
	Open func(dir string) (db.Store, error)
	// Restore puts a backup in the place of the store in dir.
	Restore func(dir, backup string) error
}

// Run holds e to the contract.
func Run(t *testing.T, e Engine) {
	for name, test := range map[string]func(*testing.T, Engine){
		"AcceptedIsFoundAsItCame":                 acceptedIsFoundAsItCame,
		"RedeliveryIsStoredOnce":                  redeliveryIsStoredOnce,
		"AnyOfTheSixMembersMakesANewNotification": anyOfTheSix,
		"TheSameAtTheSameTimeIsStoredOnce":        sameAtTheSameTime,
		"AcceptedSurvivesReopening":               survivesReopening,
		"ListGoesThroughEveryNotificationOnce":    listPages,
		"UnknownReceiptsAreNotFound":              unknownReceipts,
		"RejectionsAreKeptWithinBounds":           rejections,
		"SearchFindsEveryWord":                    search,
		"BackupWhileAcceptingIsWhole":             backupWhileAccepting,
		"BackupOverwritesNothing":                 backupOverwritesNothing,
		"ClosedStoreAcceptsNothing":               closedStore,
		"ASenderThatGaveUpGetsNoAcknowledgement":  gaveUp,
		"OnlyTheClientsOwnFailuresCountAgainstIt": onlyTheClientsOwnFailuresCountAgainstIt,
		"FetchingHasAHealth":                      fetchingHasAHealth,
		"ErasingLeavesNothing":                    eraseLeavesNothing,
		"WhatIsOverIsForgotten":                   expireForgetsWhatIsOver,
	} {
		t.Run(name, func(t *testing.T) { test(t, e) })
	}
	runAll(t, e, clientTests)
	runAll(t, e, pastTests)
	runAll(t, e, bookTests)
}

func runAll(t *testing.T, e Engine, tests map[string]func(*testing.T, Engine)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, e) })
	}
}

func (e Engine) open(t *testing.T, dir string) db.Store {
	t.Helper()
	s, err := e.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return s
}

// Arrival returns an arrival of a notification about the i-th application.
func Arrival(i int) ppm.Arrival {
	n := ppm.Notification{
		Application: fmt.Sprintf("A%06d", i),
		Type:        "batchApplicationStatusChange",
		Partner:     "XXXXXXXX",
		Event:       "Posted",
		EventTime:   time.Unix(1483228800+int64(i), 0).UTC().Format("2006-01-02T15:04:05"),
	}
	n.Content = "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/" + n.Application
	return ppm.Arrival{
		Notification: n,
		Body:         fmt.Appendf(nil, "\ufeff{ \"Id\": %q, \"note\": \"Straße\\u0000 %d\" }\r\n", n.Application, i),
		At:           time.Date(2026, 11, 23, 9, 0, 0, 123456000, time.UTC).Add(time.Duration(i) * time.Second),
		From:         "192.0.2.7",
	}
}

func accept(t *testing.T, s db.Store, a ppm.Arrival) ppm.Acknowledgement {
	t.Helper()
	ack, err := s.Accept(t.Context(), a)
	if err != nil {
		t.Fatal("accept:", err)
	}
	return ack
}

func find(t *testing.T, s db.Store, r ppm.Receipt) ppm.Detail {
	t.Helper()
	d, err := s.Find(t.Context(), r)
	if err != nil {
		t.Fatal("find:", err)
	}
	return d
}

func rejected(t *testing.T, s db.Store, id int64) ppm.Rejection {
	t.Helper()
	r, err := s.Rejection(t.Context(), id)
	if err != nil {
		t.Fatal("rejection:", err)
	}
	return r
}

func counts(t *testing.T, s db.Store) ppm.Counts {
	t.Helper()
	c, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal("counts:", err)
	}
	if sum := c.Notifications.Queued + c.Notifications.Complete + c.Notifications.Failed; sum != c.Accepted {
		t.Errorf("queued + complete + failed = %d, accepted = %d", sum, c.Accepted)
	}
	return c
}

func acceptedIsFoundAsItCame(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	a := Arrival(1)
	ack := accept(t, s, a)
	if ack.Redelivery {
		t.Error("the first arrival was called a redelivery")
	}
	d := find(t, s, ack.Receipt)
	if d.Body != string(a.Body) || d.Notification != a.Notification || !d.ReceivedAt.Equal(a.At) || d.From != a.From {
		t.Errorf("found %+v, want what came: %+v", d, a)
	}
	if d.Receipt != ack.Receipt || d.Arrivals != 1 || len(d.History) != 1 {
		t.Errorf("found receipt %s, %d arrivals, history %v", d.Receipt, d.Arrivals, d.History)
	}
	if lower := ppm.Receipt(strings.ToLower(string(ack.Receipt))); find(t, s, lower).Receipt != ack.Receipt {
		t.Error("a receipt typed in lower case was not found")
	}
	if err := s.Health(); err != nil {
		t.Error("health:", err)
	}
}

func redeliveryIsStoredOnce(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	first, second := Arrival(1), Arrival(1)
	second.At, second.From = first.At.Add(23*time.Hour), "192.0.2.8"
	third := second
	third.At, third.Body = second.At.Add(time.Hour), []byte(`{"id":"A000001","CorrelationId":"other"}`)

	ack := accept(t, s, first)
	for _, a := range []ppm.Arrival{second, third} {
		again := accept(t, s, a)
		if !again.Redelivery || again.Receipt != ack.Receipt {
			t.Errorf("redelivery answered %+v, the first %+v", again, ack)
		}
	}
	d := find(t, s, ack.Receipt)
	if d.Body != string(first.Body) || d.Arrivals != 3 || len(d.History) != 3 {
		t.Fatalf("found %+v, want the first body and three arrivals", d)
	}
	if h := d.History[1]; !h.At.Equal(second.At) || h.From != second.From || h.Body != nil || h.BodySHA256 != d.BodySHA256 {
		t.Errorf("the second arrival is %+v, want the same body not kept again", h)
	}
	if h := d.History[2]; h.Body == nil || *h.Body != string(third.Body) {
		t.Errorf("the third arrival is %+v, want its own body", h)
	}
	if c := counts(t, s); c.Accepted != 1 || c.Redeliveries != 2 {
		t.Errorf("accepted %d, redeliveries %d; want 1, 2", c.Accepted, c.Redeliveries)
	}
}

func anyOfTheSix(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	seen := map[ppm.Receipt]bool{accept(t, s, Arrival(1)).Receipt: true}
	for i, change := range []func(*ppm.Notification){
		func(n *ppm.Notification) { n.Application += " " },
		func(n *ppm.Notification) { n.Type = strings.ToUpper(n.Type) },
		func(n *ppm.Notification) { n.Event = "" },
		func(n *ppm.Notification) { n.Partner = "YYYYYYYY" },
		func(n *ppm.Notification) { n.EventTime += "Z" },
		func(n *ppm.Notification) { n.Content += "?" },
	} {
		a := Arrival(1)
		change(&a.Notification)
		ack := accept(t, s, a)
		if ack.Redelivery || seen[ack.Receipt] {
			t.Errorf("change %d was taken for a redelivery", i)
		}
		seen[ack.Receipt] = true
	}
}

func sameAtTheSameTime(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	const senders, notifications = 16, 50
	acks := make([][senders]ppm.Acknowledgement, notifications)
	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() {
			for i := range notifications {
				ack, err := s.Accept(t.Context(), Arrival(i))
				if err != nil {
					t.Error("accept:", err)
				}
				acks[i][sender] = ack
			}
		})
	}
	wg.Wait()
	for i := range acks {
		news := 0
		for _, ack := range acks[i] {
			if !ack.Redelivery {
				news++
			}
			if ack.Receipt != acks[i][0].Receipt {
				t.Errorf("notification %d has receipts %s and %s", i, ack.Receipt, acks[i][0].Receipt)
			}
		}
		if news != 1 {
			t.Errorf("notification %d was new %d times", i, news)
		}
	}
	if c := counts(t, s); c.Accepted != notifications || c.Redeliveries != notifications*(senders-1) {
		t.Errorf("accepted %d, redeliveries %d", c.Accepted, c.Redeliveries)
	}
}

func survivesReopening(t *testing.T, e Engine) {
	dir := t.TempDir()
	s, err := e.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(dir); !errors.Is(err, db.ErrInUse) {
		t.Errorf("a second Open returned %v, want ErrInUse", err)
	}
	ack := accept(t, s, Arrival(1))
	if err := s.Close(); err != nil {
		t.Fatal("close:", err)
	}
	s = e.open(t, dir)
	if d := find(t, s, ack.Receipt); d.Body != string(Arrival(1).Body) {
		t.Errorf("after reopening the body is %q", d.Body)
	}
	if again := accept(t, s, Arrival(1)); !again.Redelivery || again.Receipt != ack.Receipt {
		t.Errorf("after reopening a redelivery is answered %+v, the first was %+v", again, ack)
	}
}

func listPages(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	var want []ppm.Receipt
	for i := range 25 {
		want = append(want, accept(t, s, Arrival(i)).Receipt)
	}
	for _, oldestFirst := range []bool{true, false} {
		var got []ppm.Receipt
		for p := (ppm.Page{Limit: 10, OldestFirst: oldestFirst}); ; p.After = got[len(got)-1] {
			page, err := s.List(t.Context(), p)
			if err != nil {
				t.Fatal("list:", err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				got = append(got, r.Receipt)
			}
		}
		if !oldestFirst {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("oldest first %v: went through %v, want %v", oldestFirst, got, want)
		}
	}
	if _, err := s.List(t.Context(), ppm.Page{After: "nonsense", Limit: 1}); !errors.Is(err, ppm.ErrBadReceipt) {
		t.Errorf("a page after nonsense returned %v, want ErrBadReceipt", err)
	}
}

func unknownReceipts(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	ack := accept(t, s, Arrival(1))
	other := ppm.NewReceipt(1, Arrival(2).Identity())
	for _, r := range []ppm.Receipt{other, ppm.NewReceipt(2, Arrival(1).Identity())} {
		if _, err := s.Find(t.Context(), r); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("Find(%s) returned %v, want ErrNotFound; there is only %s", r, err, ack.Receipt)
		}
	}
	if _, err := s.Find(t.Context(), "1"); !errors.Is(err, ppm.ErrBadReceipt) {
		t.Errorf("Find(1) returned %v, want ErrBadReceipt", err)
	}
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

func search(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	var receipts []ppm.Receipt
	for i := range 30 {
		a := Arrival(i)
		if i == 7 {
			a.Type = "listingStatusChange"
			a.Body = []byte(`{"surname":"Müller-Lüdenscheidt","id":"A000007"}`)
		}
		receipts = append(receipts, accept(t, s, a).Receipt)
	}
	for _, tt := range []struct {
		text string
		want []ppm.Receipt // newest first
	}{
		{"A000007", receipts[7:8]},
		{"a00000", []ppm.Receipt{receipts[9], receipts[8], receipts[7], receipts[6], receipts[5]}},
		{"listingstatus posted", receipts[7:8]},
		{"muller-ludenscheidt", receipts[7:8]},
		{`"A000007" OR`, nil},
		{"*", nil},
		{"", nil},
		{"nowhere", nil},
	} {
		found, behind, err := s.Search(t.Context(), tt.text, ppm.Page{Limit: 5})
		if err != nil || behind != 0 {
			t.Errorf("search %q: behind %d, %v", tt.text, behind, err)
		}
		var got []ppm.Receipt
		for _, r := range found {
			got = append(got, r.Receipt)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("search %q found %v, want %v", tt.text, got, tt.want)
		}
	}
	found, _, err := s.Search(t.Context(), "a00000", ppm.Page{Limit: 50, After: receipts[5]})
	if err != nil || len(found) != 5 || found[0].Receipt != receipts[4] {
		t.Errorf("the second page is %v, %v", found, err)
	}
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

func closedStore(t *testing.T, e Engine) {
	s, err := e.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if _, err := s.Accept(context.Background(), Arrival(i)); err != nil && !errors.Is(err, db.ErrUnavailable) {
				t.Error("accept while closing:", err)
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Error("close:", err)
	}
	wg.Wait()
	if _, err := s.Accept(t.Context(), Arrival(1)); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("Accept on a closed store returned %v, want ErrUnavailable", err)
	}
}

func gaveUp(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 100 {
		ack, err := s.Accept(gone, Arrival(i))
		if err == nil && find(t, s, ack.Receipt).Body == "" {
			t.Error("acknowledged without being stored")
		}
	}
	if accept(t, s, Arrival(5)).Receipt == "" {
		t.Error("no receipt afterwards")
	}
}
