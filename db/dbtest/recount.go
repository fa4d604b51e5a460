package dbtest

import (
	"slices"

	"processmanager/db"
	"processmanager/ppm"
)

// A census is all that a store tells of its notifications, one by one.
type census struct {
	records []ppm.Record                   // oldest first
	states  map[ppm.Receipt][]ppm.Delivery // the fetching first, then by client
	clients []ppm.Client                   // the fetching first, as one
}

// count goes through everything.
func count(t tester, s db.Store) census {
	t.Helper()
	c := census{states: map[ppm.Receipt][]ppm.Delivery{}}
	var err error
	if c.records, err = s.List(t.Context(), ppm.Page{Limit: 1000, OldestFirst: true}); err != nil {
		t.Fatal("list:", err)
	}
	for _, r := range c.records {
		if c.states[r.Receipt], err = s.States(t.Context(), r.Receipt); err != nil {
			t.Fatal("states:", err)
		}
	}
	fetching, err := s.Fetching(t.Context())
	if err != nil {
		t.Fatal("fetching:", err)
	}
	clients, err := s.Clients(t.Context())
	if err != nil {
		t.Fatal("clients:", err)
	}
	c.clients = append([]ppm.Client{{Number: ppm.ClearmatchAPI, Ordered: true, ClientHealth: fetching}}, clients...)
	return c
}

// recount holds every number that the store keeps against what it is the
// number of.
func (c census) recount(t tester, s db.Store) {
	t.Helper()
	toRoute := unrouted(t, s)
	var want ppm.Counts
	for _, r := range c.records {
		status := statusOf(c.states[r.Receipt])
		if slices.Contains(toRoute, r.Receipt) {
			status = ppm.Queued
		}
		if r.Status != status {
			t.Errorf("%s is %s, but its deliveries say %s: %+v", r.Receipt, r.Status, status, c.states[r.Receipt])
		}
		want.Accepted++
		want.Redeliveries += r.Arrivals - 1
		switch status {
		case ppm.Queued:
			want.Notifications.Queued++
		case ppm.Failed:
			want.Notifications.Failed++
		default:
			want.Notifications.Complete++
		}
	}
	for _, one := range c.clients {
		var is ppm.ClientHealth
		for _, d := range c.to(one.Number) {
			switch d.State {
			case ppm.Waiting, ppm.NeedsData:
				is.Waiting++
			case ppm.Delivered:
				is.Delivered++
			case ppm.GaveUp:
				is.GaveUp++
			}
		}
		if one.Waiting != is.Waiting || one.Delivered != is.Delivered || one.GaveUp != is.GaveUp {
			t.Errorf("client %d counts %+v, but it has %+v", one.Number, one.ClientHealth, is)
		}
		if one.Number == ppm.ClearmatchAPI {
			continue
		}
		waiting := &want.Deliveries.Waiting
		if one.Held {
			waiting = &want.Deliveries.Held
		}
		*waiting += is.Waiting
		want.Deliveries.Delivered += is.Delivered
		want.Deliveries.GaveUp += is.GaveUp
	}
	if got := counts(t, s); got != want {
		t.Errorf("counted %+v, but there are %+v", got, want)
	}
	c.recountDead(t, s)
}

// recountDead holds the dead letters against the deliveries that gave up.
func (c census) recountDead(t tester, s db.Store) {
	t.Helper()
	var all []ppm.Delivery
	for _, r := range slices.Backward(c.records) {
		for _, d := range slices.Backward(c.states[r.Receipt]) {
			if d.State == ppm.GaveUp {
				all = append(all, d)
			}
		}
	}
	for _, number := range append(numbers(c.clients), -1) {
		want := slices.DeleteFunc(slices.Clone(all), func(d ppm.Delivery) bool { return number != -1 && d.Client != number })
		if got, err := s.DeadLetters(t.Context(), number, ppm.DeliveryName{}, 1000); err != nil || !slices.Equal(got, want) {
			t.Errorf("dead letters of client %d are %+v, %v; want %+v", number, got, err, want)
		}
	}
}

// statusOf is how far a notification is that has been routed.
func statusOf(deliveries []ppm.Delivery) ppm.Status {
	status := ppm.Complete
	for _, d := range deliveries {
		switch d.State {
		case ppm.Waiting, ppm.NeedsData:
			return ppm.Queued
		case ppm.GaveUp:
			status = ppm.Failed
		}
	}
	return status
}

// to returns the deliveries to a client, oldest first.
func (c census) to(client int64) (all []ppm.Delivery) {
	for _, r := range c.records {
		for _, d := range c.states[r.Receipt] {
			if d.Client == client {
				all = append(all, d)
			}
		}
	}
	return all
}

func numbers(clients []ppm.Client) (all []int64) {
	for _, c := range clients {
		all = append(all, c.Number)
	}
	return all
}

// lines checks that of each application, at most one delivery to an ordered
// client is on its way, and that the first one, but for those sent again behind
// it; and that nothing waits for what will never come.
func (c census) lines(t tester, again map[ppm.DeliveryName]bool) {
	t.Helper()
	for _, one := range c.clients {
		lines := map[string][]ppm.Delivery{}
		for _, d := range c.to(one.Number) {
			if d.State == ppm.Waiting || d.State == ppm.NeedsData {
				lines[d.Application] = append(lines[d.Application], d)
			}
		}
		for application, line := range lines {
			c.line(t, one, application, line, again)
		}
	}
}

func (c census) line(t tester, of ppm.Client, application string, line []ppm.Delivery, again map[ppm.DeliveryName]bool) {
	t.Helper()
	var active, data, waiting int
	for _, d := range line {
		switch {
		case d.State == ppm.NeedsData:
			data++
			if fetch := c.states[d.Receipt][0]; fetch.Client != ppm.ClearmatchAPI || fetch.State != ppm.Waiting {
				t.Errorf("%s waits for data that nobody fetches: %+v", d.Key(), fetch)
			}
		case d.NextAttempt.IsZero():
			waiting++
		default:
			active++
		}
		if !d.NextAttempt.IsZero() && of.Ordered && of.Removed == nil {
			i := slices.IndexFunc(line, func(o ppm.Delivery) bool { return !again[o.DeliveryName] })
			if i >= 0 && number(line[i]) < number(d) {
				t.Errorf("%s is on its way before %s", d.Key(), line[i].Key())
			}
		}
	}
	if active > 1 && of.Ordered && of.Removed == nil {
		t.Errorf("to client %d, %d of application %s are on their way: %+v", of.Number, active, application, line)
	}
	if waiting > 0 && active+data == 0 {
		t.Errorf("to client %d, those of application %s wait for nothing: %+v", of.Number, application, line)
	}
	if waiting > 0 && !of.Ordered && of.Removed == nil {
		t.Errorf("to client %d, which is not ordered, %d of application %s wait for another: %+v", of.Number, waiting, application, line)
	}
}

func number(d ppm.Delivery) int64 {
	n, _ := d.Receipt.Number()
	return n
}
