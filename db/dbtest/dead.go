package dbtest

import (
	"slices"
	"testing"
	"time"

	"processmanager/ppm"
)

var deadTests = tests{
	"DeadLettersAreReadInPages": deadLetters,
	"WhatIsLoadedIsWhatCame":    loads,
}

func deadLetters(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm, billing := keepClient(t, s, ppm.Client{Name: "CRM"}), keepClient(t, s, ppm.Client{Name: "Billing"})
	acceptSome(t, s, "A", "B", "C", "D", "E")
	all := decide(t, s, ppm.Route{Fetch: true, Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Wanted}, {Client: billing, Outcome: ppm.Undecidable}}})
	slices.Reverse(all)
	now := time.Now()
	attempt(t, s, crm, now, func(d ppm.Delivery) (ppm.Response, error) {
		if d.Receipt == all[1] {
			return ppm.Response{}, nil
		}
		return ppm.Response{}, errGone
	})
	attempt(t, s, ppm.ClearmatchAPI, now, func(d ppm.Delivery) (ppm.Response, error) {
		if d.Receipt == all[0] {
			return ppm.Response{}, errGone
		}
		return ppm.Response{}, errNotNow
	})
	for client, n := range map[int64]int{crm: 4, billing: 5, ppm.ClearmatchAPI: 1, -1: 10, 99: 0} {
		var want []ppm.Delivery
		for _, r := range all {
			is := states(t, s, r)
			for _, one := range []int64{billing, crm, ppm.ClearmatchAPI} {
				if is[one].State == ppm.GaveUp && (client == -1 || client == one) {
					want = append(want, is[one])
				}
			}
		}
		for _, limit := range []int{1, 2, 100} {
			var got []ppm.Delivery
			var after ppm.DeliveryName
			for len(got) <= len(want) {
				page, err := s.DeadLetters(t.Context(), client, after, limit)
				if err != nil || len(page) > limit {
					t.Fatalf("a page of %d: %d, %v", limit, len(page), err)
				}
				if len(page) == 0 {
					break
				}
				got = append(got, page...)
				after = page[len(page)-1].DeliveryName
			}
			if !slices.Equal(got, want) || len(want) != n {
				t.Errorf("client %d, %d a page: %+v, want %+v", client, limit, got, want)
			}
		}
	}
}

func loads(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	crm, billing := keepClient(t, s, ppm.Client{Name: "CRM"}), keepClient(t, s, ppm.Client{Name: "Billing"})
	a := Arrival(1)
	accept(t, s, a)
	r := decide(t, s, ppm.Route{Fetch: true, Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Undecided}, {Client: billing, Outcome: ppm.Wanted}}})[0]
	load := func(client int64) ppm.Parcel {
		t.Helper()
		d := states(t, s, r)[client]
		p, err := s.Load(t.Context(), d)
		if err != nil {
			t.Fatal("load:", err)
		}
		if p.Delivery != d || p.Key != d.Key() || p.Notification != a.Notification || !p.ReceivedAt.Equal(a.At) || string(p.Body) != string(a.Body) {
			t.Errorf("loaded %+v", p)
		}
		return p
	}
	if p := load(billing); p.Data != nil || !p.DataAt.IsZero() || p.Undecided != nil {
		t.Errorf("before it is fetched, %+v goes along", p)
	}
	if p := load(ppm.ClearmatchAPI); !slices.Equal(p.Undecided, []int64{crm}) {
		t.Errorf("for the data waits %v, want %d", p.Undecided, crm)
	}
	now := time.Now()
	for _, data := range []string{`{"amount":12345678901234567890.10}`, `null`} {
		attempt(t, s, ppm.ClearmatchAPI, now, func(d ppm.Delivery) (ppm.Response, error) {
			return ppm.Response{Data: []byte(data), Decisions: []ppm.Decision{{Client: crm, Outcome: ppm.Wanted, Reason: "now"}}}, nil
		})
		for _, client := range []int64{crm, billing} {
			if p := load(client); p.Data == nil || string(p.Data) != data || !p.DataAt.Equal(micros(now.Add(time.Millisecond))) {
				t.Errorf("with %q fetched, %q of %s goes along", data, p.Data, p.DataAt)
			}
		}
		if p := load(ppm.ClearmatchAPI); p.Undecided != nil {
			t.Errorf("with the data there, %v wait for it", p.Undecided)
		}
		resend(t, s, true, ppm.DeliveryName{Receipt: r, Client: ppm.ClearmatchAPI})
		now = time.Now().Add(time.Minute)
	}
	unknown := states(t, s, r)[billing]
	unknown.Receipt = ppm.NewReceipt(1, ppm.Identity{})
	if _, err := s.Load(t.Context(), unknown); err == nil {
		t.Error("a delivery of another notification was loaded")
	}
}
