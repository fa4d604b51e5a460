package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/pipeline"
	"processmanager/ppm"
)

// many has so many notifications arrive at once.
func (h *house) many(n int) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { h.accept(notification(fmt.Sprintf("A%d", i), "Posted", "")) })
	}
	all.Wait()
}

// waiting returns how many deliveries are.
func (h *house) waiting() int64 {
	c, err := h.Counts(h.Context())
	check(h.T, err)
	return c.Deliveries.Waiting
}

// deadHouse returns a house in which nothing runs, with so many notifications
// that each of some clients gave up on, or of one if none is named.
func deadHouse(t *testing.T, n int, clients ...string) *house {
	sink := newSink(t)
	sink.answers(func(given) int { return http.StatusGone })
	h := newHouse(t, nil)
	if len(clients) == 0 {
		clients = []string{"crm"}
	}
	for _, name := range clients {
		h.client(name, sink.URL, func(c *ppm.Client) { c.Concurrency = 8 })
	}
	h.start()
	h.many(n)
	h.settled()
	h.stop()
	return h
}

func TestSendingAgainTellsHowItGoesAndCanBeStopped(t *testing.T) {
	const all, enough = 100, 40
	for name, stop := range map[string]func(cancel func()) error{
		"by who listens": func(func()) error { return io.ErrClosedPipe },
		"by the context": func(cancel func()) error { cancel(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			h := deadHouse(t, all)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var told int64
			err := pipeline.Resend(ctx, h.Store, ppm.Selection{Dead: true}, pipeline.ResendOptions{By: "maria"}, func(r ppm.Resending) error {
				told++
				if told == 1 && h.waiting() == all {
					t.Error("nothing was told before all was done")
				}
				if d := h.delivery(r.Receipt, r.Client); d.State != ppm.Waiting {
					t.Errorf("told that %s is on its way, and it is %s", r.Key(), d.State)
				}
				if told == enough {
					return stop(cancel)
				}
				return nil
			})
			if err == nil {
				t.Fatal("it was not stopped")
			}
			sent := h.waiting()
			if told < enough || sent < told || sent > told+31 {
				t.Errorf("stopped after %d, and %d are on their way", told, sent)
			}
			said := fmt.Sprintf("%d deliveries sent on the way, then stopped", sent)
			if a := h.actions(); a[0].What != "resent" || a[0].By != "maria" || a[0].Details != said || a[1].What != "resending" {
				t.Errorf("the audit log says %+v", a[:2])
			}
			h.resend(ppm.Selection{Dead: true}, false)
			if n := h.waiting(); n != all {
				t.Errorf("done again, %d are on their way, want %d", n, all)
			}
		})
	}
}

// Dead letters are read 200 at a time.
func TestDeadLettersOfOneNotificationThatAreReadApartAreToldOnce(t *testing.T) {
	h := deadHouse(t, 67, "crm", "mail", "archive")
	would := h.resend(ppm.Selection{Dead: true}, true)
	if n := len(would); n != 3*67 || len(slices.Compact(would)) != n {
		t.Errorf("%d would leave, want %d, each once", n, 3*67)
	}
	h.resend(ppm.Selection{Dead: true}, false)
	if n := h.waiting(); n != 3*67 {
		t.Errorf("%d are on their way", n)
	}
}

// A faulty store sends one delivery again and then cannot any more.
type faulty struct{ db.Store }

func (f faulty) Resend(ctx context.Context, names []ppm.DeliveryName, confirmed bool) ([]ppm.Resending, error) {
	some, err := f.Store.Resend(ctx, names[:1], confirmed)
	return some, errors.Join(err, db.ErrUnavailable)
}

func TestWhatWasSentBeforeTheStoreFailedIsTold(t *testing.T) {
	h := deadHouse(t, 3)
	var told []ppm.Resending
	err := pipeline.Resend(t.Context(), faulty{h.Store}, ppm.Selection{Dead: true}, pipeline.ResendOptions{By: "maria"}, func(r ppm.Resending) error {
		told = append(told, r)
		return nil
	})
	if !errors.Is(err, db.ErrUnavailable) || len(told) != 1 || h.waiting() != 1 {
		t.Errorf("%v; told of %v, and %d are on their way", err, told, h.waiting())
	}
	if a := h.actions()[0]; a.Details != "1 delivery sent on the way, then stopped" {
		t.Errorf("the audit log says %+v", a)
	}
}

func TestTheAuditLogSaysWhatWasSentAgain(t *testing.T) {
	h := deadHouse(t, 4)
	list, err := h.List(t.Context(), ppm.Page{Limit: 4})
	check(t, err)
	hourAgo := time.Now().Add(-time.Hour)
	r := func(i int) ppm.Receipt { return list[i].Receipt }
	for _, tt := range []struct {
		what           ppm.Selection
		about, details string
	}{
		{ppm.Selection{Dead: true, Receipts: []ppm.Receipt{r(0)}}, string(r(0)), "1 delivery sent on the way"},
		{ppm.Selection{Receipts: []ppm.Receipt{r(2), r(1)}}, "deliveries of 2 notifications, " + string(r(2)) + " first", "2 deliveries sent on the way"},
		{ppm.Selection{Dead: true, Client: 1, Since: hourAgo}, "dead letters to crm since " + hourAgo.UTC().Format(time.RFC3339), "1 delivery sent on the way"},
	} {
		h.resend(tt.what, false)
		a := h.actions()
		if a[0].What != "resent" || a[0].About != tt.about || a[0].Details != tt.details || a[1].What != "resending" || a[1].About != tt.about {
			t.Errorf("%+v; want %q: %q", a[:2], tt.about, tt.details)
		}
	}
}
