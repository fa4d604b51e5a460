package dbtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"processmanager/db"
	"processmanager/ppm"
)

var randomTests = tests{"WhateverIsDoneTheNumbersAreTrueAndNothingIsStuck": whatever}

// A world is a store on which everything is done that can be, at random, and
// what must be remembered to judge it.
type world struct {
	*rapid.T
	db.Store
	now    time.Time // of who claims; the store's own may be another
	came   int       // notifications
	steps  int
	hands  []ppm.Delivery
	leases map[ppm.DeliveryName]lease
	again  map[ppm.DeliveryName]bool // sent again, and so perhaps out of order
}

// A lease is the last one that was given.
type lease struct {
	claim  int64
	until  time.Time
	doubt  bool // it may have been taken away
	closed bool // it has been recorded
}

// whatever does things at random, recounts now and then, and in the end has
// everybody deliver until nothing is left.
func whatever(t *testing.T, e Engine) {
	rapid.Check(t, func(r *rapid.T) {
		s, err := e.Open(t.TempDir())
		if err != nil {
			r.Fatal(err)
		}
		defer s.Close()
		w := &world{T: r, Store: s, now: time.Now(), leases: map[ppm.DeliveryName]lease{}, again: map[ppm.DeliveryName]bool{}}
		w.addClient(r)
		r.Repeat(map[string]func(*rapid.T){
			"":         w.check,
			"arrive":   w.arrive,
			"route":    w.route,
			"route 2":  w.route,
			"claim":    w.claim,
			"claim 2":  w.claim,
			"record":   w.record,
			"record 2": w.record,
			"record 3": w.record,
			"resend":   w.resend,
			"settings": w.settings,
			"pass":     w.pass,
			"forget":   w.forget,
		})
		w.recount()
		w.finish()
		w.recount()
	})
}

// check recounts, which costs more than all the rest, after some of the steps.
func (w *world) check(*rapid.T) {
	if w.steps++; w.steps%5 == 0 {
		w.recount()
	}
}

func (w *world) recount() {
	c := count(w, w.Store)
	c.recount(w, w.Store)
	c.lines(w, w.again)
}

func (w *world) arrive(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "arrivals") {
		i := rapid.IntRange(max(0, w.came-2), w.came).Draw(t, "which") // or one of the last again
		a := Arrival(i)
		a.Application = string('A' + rune(i*7%5%3))
		accept(w, w.Store, a)
		w.came = max(w.came, i+1)
	}
}

var outcomes = []ppm.Outcome{ppm.Wanted, ppm.Wanted, ppm.Undecided, ppm.Unwanted, ppm.Undecidable}

func (w *world) route(t *rapid.T) {
	receipts := unrouted(w, w.Store)
	receipts = receipts[:min(len(receipts), rapid.IntRange(1, 4).Draw(t, "routes"))]
	rs := routes(receipts...)
	for i := range rs {
		rs[i].Fetch = rapid.IntRange(0, 3).Draw(t, "fetch") > 0
		for _, c := range w.clients() {
			d := ppm.Decision{Client: c.Number, Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"), Reason: "rule 1"}
			if d.Outcome == ppm.Undecided && !rs[i].Fetch {
				d.Outcome = ppm.Wanted
			}
			rs[i].Decisions = append(rs[i].Decisions, d)
		}
	}
	if err := w.Route(w.Context(), rs); err != nil {
		w.Fatal("route:", err)
	}
	if len(rs) > 0 {
		if err := w.Route(w.Context(), rs); !errors.Is(err, db.ErrOvertaken) {
			w.Errorf("routing the same twice: %v", err)
		}
	}
}

// clients returns those that are not removed.
func (w *world) clients() []ppm.Client {
	all, err := w.Clients(w.Context())
	if err != nil {
		w.Fatal("clients:", err)
	}
	return slices.DeleteFunc(all, func(c ppm.Client) bool { return c.Removed != nil })
}

// anybody is a client, also a removed one, or the API.
func (w *world) anybody(t *rapid.T) int64 {
	all, err := w.Clients(w.Context())
	if err != nil {
		w.Fatal("clients:", err)
	}
	return rapid.SampledFrom(append(numbers(all), ppm.ClearmatchAPI)).Draw(t, "client")
}

const leaseTime = time.Minute

func (w *world) claim(t *rapid.T) {
	client := w.anybody(t)
	claimed := w.claimAll(client, rapid.IntRange(1, 4).Draw(t, "limit"))
	w.hands = append(w.hands, claimed...)
}

// claimAll claims for a client, and looks whether it was anybody else's.
func (w *world) claimAll(client int64, limit int) []ppm.Delivery {
	const horizon = time.Hour
	claimed, _, err := w.Claim(w.Context(), client, w.now, w.now.Add(leaseTime), horizon, limit)
	if err != nil || len(claimed) > limit {
		w.Fatalf("claim at most %d: %d, %v", limit, len(claimed), err)
	}
	for _, d := range claimed {
		if l := w.leases[d.DeliveryName]; !l.doubt && !l.closed && w.now.Before(micros(l.until)) && !l.until.After(w.now.Add(horizon)) {
			w.Errorf("%s was claimed at %s, and is leased until %s", d.Key(), w.now, l.until)
		}
		w.leases[d.DeliveryName] = lease{claim: d.Claim, until: w.now.Add(leaseTime)}
	}
	return claimed
}

// record records what came of something claimed, however long ago.
func (w *world) record(t *rapid.T) {
	if len(w.hands) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.hands)-1).Draw(t, "hand")
	d := w.hands[i]
	if rapid.IntRange(0, 9).Draw(t, "once more") > 0 {
		w.hands = slices.Delete(w.hands, i, i+1)
	}
	err := rapid.SampledFrom([]error{nil, nil, errNotNow, errGone, ppm.ErrInterrupted}).Draw(t, "how")
	w.recordOne(d, err, func() ppm.Outcome { return rapid.SampledFrom(append(outcomes, 0)).Draw(t, "outcome") })
}

// recordOne records an attempt. What was waiting for data is decided as decide
// says; 0 is no decision.
func (w *world) recordOne(d ppm.Delivery, how error, decide func() ppm.Outcome) {
	var r ppm.Response
	if p, err := w.Load(w.Context(), d); err != nil && !errors.Is(err, db.ErrOvertaken) {
		w.Fatal("load:", err)
	} else if d.Client == ppm.ClearmatchAPI && how == nil {
		r.Data = []byte(`{}`)
		for _, c := range p.Undecided {
			if o := decide(); o != 0 {
				r.Decisions = append(r.Decisions, ppm.Decision{Client: c, Outcome: o, Reason: "rule 2"})
			}
		}
	}
	err := w.Record(w.Context(), tried(d, w.now, r, how))
	l := w.leases[d.DeliveryName]
	mine := l.claim == d.Claim && !l.closed
	switch {
	case err != nil && !errors.Is(err, db.ErrOvertaken):
		w.Fatal("record:", err)
	case err == nil && !mine:
		w.Errorf("an attempt at %s was recorded under a lease that is not the last", d.Key())
	case err != nil && mine && !l.doubt:
		w.Errorf("an attempt at %s was not recorded: %v", d.Key(), err)
	}
	if mine {
		l.closed = true
		w.leases[d.DeliveryName] = l
	}
}

// doubt notes that the leases of some deliveries may have been taken away.
func (w *world) doubt(which func(ppm.DeliveryName) bool) {
	for name, l := range w.leases {
		if which(name) {
			l.doubt = true
			w.leases[name] = l
		}
	}
}

func (w *world) pass(t *rapid.T) {
	w.now = w.now.Add(rapid.SampledFrom([]time.Duration{time.Second, 2 * time.Minute, 2 * time.Hour, 100 * time.Hour, -time.Hour, -day}).Draw(t, "time"))
}

// finish has everybody deliver until nothing is left.
func (w *world) finish() {
	for _, c := range w.clients() {
		if err := w.HoldClient(w.Context(), c.Number, false, "anna"); err != nil {
			w.Fatal(err)
		}
	}
	decide(w, w.Store, ppm.Route{})
	if w.now.Before(time.Now()) {
		w.now = time.Now()
	}
	for range 3*w.came + 3 {
		if counts(w, w.Store).Notifications.Queued == 0 {
			return
		}
		w.now = w.now.Add(200 * time.Hour)
		for _, client := range numbers(count(w, w.Store).clients) {
			for _, d := range w.claimAll(client, 1000) {
				w.recordOne(d, nil, func() ppm.Outcome { return ppm.Wanted })
			}
		}
	}
	w.Errorf("this never ends: %+v", count(w, w.Store).states)
}
