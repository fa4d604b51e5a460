package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"processmanager/delivery"
	"processmanager/ppm"
)

// doors opens ways to clients that it keeps an eye on.
type doors struct {
	t    *testing.T
	wait bool // attempts wait to be let through

	mu  sync.Mutex
	all []*door
}

// A door is a way to a client.
type door struct {
	*doors
	let    chan struct{} // closed to let attempts through
	inHand atomic.Int64
	passed atomic.Int64
	closed atomic.Int64
}

// watch has every way opened by a house from now on be a door.
func watch(h *house) *doors {
	d := &doors{t: h.T}
	h.options.Open = func(ppm.Client) (delivery.Way, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		one := &door{doors: d, let: make(chan struct{})}
		if !d.wait {
			close(one.let)
		}
		d.all = append(d.all, one)
		return one, nil
	}
	return d
}

// opened returns the doors there have been.
func (d *doors) opened() []*door {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.all
}

func (d *door) Deliver(ctx context.Context, _ ppm.Parcel) (ppm.Response, error) {
	d.inHand.Add(1)
	defer d.inHand.Add(-1)
	if d.closed.Load() > 0 {
		d.t.Error("an attempt is made through a way that has been closed")
	}
	select {
	case <-d.let:
		d.passed.Add(1)
		return ppm.Response{Status: 200}, nil
	case <-ctx.Done():
		return ppm.Response{}, ctx.Err()
	}
}

func (d *door) Close() error {
	if d.inHand.Load() > 0 {
		d.t.Error("a way is closed with attempts in hand")
	}
	if d.closed.Add(1) > 1 {
		d.t.Error("a way is closed twice")
	}
	return nil
}

func TestAReplacedWayIsClosedOnceItsAttemptsAreOver(t *testing.T) {
	h := newHouse(t, nil)
	d := watch(h)
	d.wait = true
	c := h.client("crm", "one", nil)
	h.start()
	r1 := h.accept(notification("A1", "Posted", ""))
	h.until("an attempt is in hand", func() bool { return len(d.opened()) == 1 && d.opened()[0].inHand.Load() == 1 })
	h.set(c, "two")
	h.until("there is another way", func() bool { return len(d.opened()) == 2 })
	old, now := d.opened()[0], d.opened()[1]
	r2 := h.accept(notification("A2", "Posted", ""))
	h.until("the next attempt takes it", func() bool { return now.inHand.Load() == 1 })
	if old.closed.Load() != 0 || old.inHand.Load() != 1 {
		t.Errorf("the old way was closed, with %d attempts in hand", old.inHand.Load())
	}
	close(old.let)
	h.becomes(ppm.Delivered, r1, c.Number)
	h.until("the old way is closed", func() bool { return old.closed.Load() == 1 })
	h.set(c, "three") // nobody has used it when the next one comes
	h.set(c, "four")
	h.until("the way four is there", func() bool { n := len(d.opened()); return n >= 3 && now.closed.Load() == 0 })
	close(now.let)
	h.becomes(ppm.Delivered, r2, c.Number)
	h.until("the way two is closed", func() bool { return now.closed.Load() == 1 })
	h.stop()
	for i, one := range d.opened() {
		if one.closed.Load() != 1 {
			t.Errorf("way %d was closed %d times", i+1, one.closed.Load())
		}
	}
}

func TestAHeldClientKeepsItsWayAndARemovedOneDoesNot(t *testing.T) {
	h := newHouse(t, nil)
	d := watch(h)
	c := h.client("crm", "one", nil)
	h.start()
	h.becomes(ppm.Delivered, h.accept(notification("A1", "Posted", "")), c.Number)
	check(t, h.HoldClient(t.Context(), c.Number, true, "tester"))
	r := h.accept(notification("A2", "Posted", ""))
	h.becomes(ppm.Waiting, r, c.Number)
	check(t, h.HoldClient(t.Context(), c.Number, false, "tester"))
	h.becomes(ppm.Delivered, r, c.Number)
	if n := len(d.opened()); n != 1 {
		t.Errorf("%d ways have been opened, want 1", n)
	}
	check(t, h.HoldClient(t.Context(), c.Number, true, "tester"))
	r = h.accept(notification("A3", "Posted", ""))
	h.becomes(ppm.Waiting, r, c.Number)
	check(t, h.RemoveClient(t.Context(), c.Number, "tester"))
	if d := h.becomes(ppm.GaveUp, r, c.Number); !strings.Contains(d.Error, "the client was removed") {
		t.Errorf("given up because %q", d.Error)
	}
	h.until("its way is closed", func() bool { return d.opened()[0].closed.Load() == 1 })
}

func TestSettingsChangedAgainAndAgainLoseNothing(t *testing.T) {
	h := newHouse(t, nil)
	d := watch(h)
	c := h.client("crm", "one", func(c *ppm.Client) { c.Concurrency = 4 })
	h.start()
	var receipts []ppm.Receipt
	for i := range 150 {
		receipts = append(receipts, h.accept(notification(fmt.Sprintf("A%d", i), "Posted", "")))
		if i%5 == 0 {
			h.set(c, fmt.Sprint(i))
		}
	}
	for _, r := range receipts {
		h.becomes(ppm.Delivered, r, c.Number)
	}
	h.stop()
	var passed int64
	for i, one := range d.opened() {
		passed += one.passed.Load()
		if one.closed.Load() != 1 {
			t.Errorf("way %d was closed %d times", i+1, one.closed.Load())
		}
	}
	if len(d.opened()) < 2 || passed != int64(len(receipts)) {
		t.Errorf("%d attempts through %d ways", passed, len(d.opened()))
	}
}
