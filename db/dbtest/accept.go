package dbtest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var acceptTests = tests{
	"AcceptedIsFoundAsItCame":                 acceptedIsFoundAsItCame,
	"RedeliveryIsStoredOnce":                  redeliveryIsStoredOnce,
	"AnyOfTheSixMembersMakesANewNotification": anyOfTheSix,
	"TheSameAtTheSameTimeIsStoredOnce":        sameAtTheSameTime,
	"AcceptedSurvivesReopening":               survivesReopening,
	"ClosedStoreAcceptsNothing":               closedStore,
	"ASenderThatGaveUpGetsNoAcknowledgement":  gaveUp,
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
