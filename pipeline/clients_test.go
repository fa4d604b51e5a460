package pipeline_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"processmanager/ppm"
)

func TestAClientGetsWhatComesAfterIt(t *testing.T) {
	h := newHouse(t, nil)
	first, second := newSink(t), newSink(t)
	a := h.client("a", first.URL, nil)
	h.start()
	before := h.accept(notification("A1", "Posted", ""))
	h.becomes(ppm.Delivered, before, a.Number)
	b := h.client("b", second.URL, nil)
	after := h.accept(notification("A1", "Funded", ""))
	h.becomes(ppm.Delivered, after, a.Number)
	h.becomes(ppm.Delivered, after, b.Number)
	if d := h.delivery(before, b.Number); d.State != "" || len(second.had()) != 1 {
		t.Errorf("what came before it: %+v; it was given %d", d, len(second.had()))
	}
}

func TestAChangedClientIsReachedInTheNewWayWithTheSameKey(t *testing.T) {
	h := newHouse(t, nil)
	wrong, right := newSink(t), newSink(t)
	wrong.answers(func(given) int { return http.StatusServiceUnavailable })
	c := h.client("crm", wrong.URL, nil)
	h.start()
	r := h.accept(notification("A1", "Posted", ""))
	h.tried(r, c.Number)
	h.set(c, right.URL)
	d := h.becomes(ppm.Delivered, r, c.Number)
	if keys := right.keys(); len(keys) != 1 || keys[0] != d.Key() || wrong.had()[0].key != d.Key() {
		t.Errorf("key %s; asked under %v, delivered under %v", d.Key(), wrong.had(), keys)
	}
}

func TestSettingsThatCannotBeUsedKeepDeliveriesWaitingUntilTheyAreMended(t *testing.T) {
	h := newHouse(t, nil)
	sink := newSink(t)
	c := h.client("crm", "no address", nil)
	h.start()
	r := h.accept(notification("A1", "Posted", ""))
	if d := h.tried(r, c.Number); d.State != ppm.Waiting || !strings.Contains(d.Error, "url") {
		t.Errorf("%s because %q", d.State, d.Error)
	}
	h.set(c, sink.URL)
	h.becomes(ppm.Delivered, r, c.Number)
}

func TestAHeldClientHasItsDeliveriesWaitAndOthersDoNot(t *testing.T) {
	h := newHouse(t, nil)
	sink := newSink(t)
	held, other := h.client("held", sink.URL, nil), h.client("other", sink.URL, nil)
	check(t, h.HoldClient(t.Context(), held.Number, true, "tester"))
	h.start()
	var receipts []ppm.Receipt
	for _, event := range []string{"Posted", "Approved", "Funded"} {
		receipts = append(receipts, h.accept(notification("A1", event, "")))
	}
	for _, r := range receipts {
		h.becomes(ppm.Delivered, r, other.Number)
	}
	counts, err := h.Counts(t.Context())
	check(t, err)
	if counts.Deliveries.Held != 3 || counts.Deliveries.Waiting != 0 || h.delivery(receipts[0], held.Number).Attempts != 0 {
		t.Errorf("held: %+v", counts.Deliveries)
	}
	check(t, h.HoldClient(t.Context(), held.Number, false, "tester"))
	h.becomes(ppm.Delivered, receipts[2], held.Number)
	var events []string
	for _, g := range sink.had()[3:] {
		events = append(events, g.event)
	}
	if strings.Join(events, " ") != "Posted Approved Funded" {
		t.Errorf("after it was resumed it was given %v", events)
	}
}

func TestWhoWasThereWhenANotificationWasAcknowledgedGetsIt(t *testing.T) {
	h := newHouse(t, nil)
	sink := newSink(t)
	h.start()
	for i := range 5 {
		c := h.client(fmt.Sprintf("crm %d", i), sink.URL, nil)
		h.becomes(ppm.Delivered, h.accept(notification(fmt.Sprintf("A%d", i), "Posted", "")), c.Number)
	}
}
