package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"processmanager/delivery"
	"processmanager/ppm"
	"processmanager/rule"
)

// lanes makes the engine's lanes from clients. A way is opened once and kept
// until the client's settings change. It belongs to one goroutine.
type lanes struct {
	open map[int64]opened // by client
}

// opened is a way and the settings it was opened with.
type opened struct {
	client ppm.Client
	way    *replaceable
}

var errRemoved = ppm.PermanentError{Err: errors.New("the client was removed")}

// set returns the lanes for clients. Those that are held have none, nor
// those that wait for their secrets: no attempt at them is made, or counted.
func (l *lanes) set(p *Pipeline, clients []ppm.Client) []delivery.Lane {
	var set []delivery.Lane
	for _, client := range clients {
		lane := delivery.Lane{
			Number: client.Number, Name: client.Name, Backoff: client.Backoff,
			Concurrency: client.Concurrency, PerMinute: client.PerMinute, Failing: client.Failing,
		}
		if client.Removed != nil {
			l.letGo(client.Number, errRemoved)
			if client.Waiting > 0 {
				lane.Way = fails{errRemoved}
				set = append(set, lane)
			}
			continue
		}
		if client.WaitsForSecrets {
			continue
		}
		lane.Way, lane.Limit = l.way(p, client), p.Limit(client)
		if !client.Held {
			set = append(set, lane)
		}
	}
	return set
}

// way returns the way to a client, opened before if it is still the same.
func (l *lanes) way(p *Pipeline, client ppm.Client) delivery.Way {
	client.ClientHealth, client.Held = ppm.ClientHealth{}, false
	o, ok := l.open[client.Number]
	if ok && reflect.DeepEqual(o.client, client) {
		return o.way
	}
	way, err := p.Open(client)
	if err != nil {
		p.Log.Error("the client's settings cannot be used; its deliveries wait until they are mended", "client", client.Name, "err", err)
		way = fails{err}
	}
	if ok {
		o.way.replace(way)
	} else {
		o.way = newReplaceable(way, p.Log)
	}
	l.open[client.Number] = opened{client, o.way}
	return o.way
}

// letGo lets go of the way to a client; whoever still tries it gets err.
func (l *lanes) letGo(client int64, err error) {
	if o, ok := l.open[client]; ok {
		o.way.replace(fails{err})
		delete(l.open, client)
	}
}

// close lets go of every way; nothing is delivered any more.
func (l *lanes) close() {
	for client := range l.open {
		l.letGo(client, ppm.ErrInterrupted)
	}
}

// fails is the way to a client that cannot be reached at all.
type fails struct{ err error }

// Deliver implements [delivery.Way].
func (f fails) Deliver(context.Context, ppm.Parcel) (ppm.Response, error) {
	return ppm.Response{}, f.err
}

// fetchHands is how many applications are fetched at one time.
const fetchHands = 4

// fetching is the lane of the application's data, of which so many attempts
// have failed in a row.
func (p *Pipeline) fetching(c *choice, failing int) delivery.Lane {
	lane := delivery.Lane{Number: ppm.ClearmatchAPI, Name: "Clearmatch", Backoff: ppm.DefaultBackoff, Concurrency: fetchHands, Limit: time.Minute, Failing: failing}
	if p.Fetch == nil {
		lane.Way = fails{ppm.PermanentError{Err: errors.New("no API is configured any more")}}
		return lane
	}
	lane.Way = fetching{p.Fetch, c}
	return lane
}

// fetching is the way to the application's data, and to what the clients that
// waited for it want.
type fetching struct {
	from   Fetcher
	choice *choice
}

// Deliver implements [delivery.Way].
func (f fetching) Deliver(ctx context.Context, p ppm.Parcel) (ppm.Response, error) {
	text, err := f.from.Fetch(ctx, p.Notification.Content)
	if err != nil {
		return ppm.Response{}, err
	}
	if !json.Valid(text) {
		return ppm.Response{}, ppm.ParticularError{Err: errors.New("what the API answered is not JSON")}
	}
	r := ppm.Response{Data: text}
	if len(p.Undecided) == 0 {
		return r, nil
	}
	waits := make(map[int64]bool, len(p.Undecided))
	for _, client := range p.Undecided {
		waits[client] = true
	}
	n := ppm.Record{Receipt: p.Receipt, Notification: p.Notification, ReceivedAt: p.ReceivedAt}
	for _, d := range f.choice.decide(n, rule.NewData(text)) {
		if !waits[d.Client] {
			continue
		}
		if d.Outcome == ppm.Undecided { // with the data there, nothing is
			return ppm.Response{}, fmt.Errorf("client %d is undecided with the data there", d.Client)
		}
		r.Decisions = append(r.Decisions, d)
	}
	return r, nil
}
