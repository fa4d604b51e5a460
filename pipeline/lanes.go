package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
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
	old  []delivery.Way   // replaced, but perhaps still on an attempt
}

// opened is a way and the settings it was opened with.
type opened struct {
	client ppm.Client
	way    delivery.Way
}

// set returns the lanes for clients. Those that are held have none, nor
// those that wait for their secrets: no attempt at them is made, or counted.
func (l *lanes) set(p *Pipeline, clients []ppm.Client) []delivery.Lane {
	var set []delivery.Lane
	stay := make(map[int64]bool)
	for _, client := range clients {
		lane := delivery.Lane{
			Number: client.Number, Name: client.Name, Backoff: client.Backoff,
			Concurrency: client.Concurrency, PerMinute: client.PerMinute, Failing: client.Failing,
		}
		switch {
		case client.Held, client.WaitsForSecrets:
			continue
		case client.Removed != nil:
			if client.Waiting == 0 {
				continue
			}
			lane.Way = fails{ppm.PermanentError{Err: errors.New("the client was removed")}}
		default:
			stay[client.Number] = true
			lane.Way, lane.Limit = l.way(p, client), p.Limit(client)
		}
		set = append(set, lane)
	}
	for number, o := range l.open {
		if !stay[number] {
			l.old = append(l.old, o.way)
			delete(l.open, number)
		}
	}
	return set
}

// way returns the way to a client, opened before if it is still the same.
func (l *lanes) way(p *Pipeline, client ppm.Client) delivery.Way {
	client.ClientHealth = ppm.ClientHealth{}
	if o, ok := l.open[client.Number]; ok {
		if reflect.DeepEqual(o.client, client) {
			return o.way
		}
		l.old = append(l.old, o.way)
	}
	way, err := p.Open(client)
	if err != nil {
		p.Log.Error("the client's settings cannot be used; its deliveries wait until they are mended", "client", client.Name, "err", err)
		way = fails{err}
	}
	l.open[client.Number] = opened{client, way}
	return way
}

// close lets go of every way; nothing is delivered any more.
func (l *lanes) close(log *slog.Logger) {
	for _, o := range l.open {
		l.old = append(l.old, o.way)
	}
	for _, way := range l.old {
		if c, ok := way.(io.Closer); ok {
			if err := c.Close(); err != nil {
				log.Warn("a way to a client could not be closed", "err", err)
			}
		}
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
