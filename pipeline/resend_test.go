package pipeline_test

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"processmanager/pipeline"
	"processmanager/ppm"
)

// resend does what s selects and returns what it told, by delivery.
func (h *house) resend(s ppm.Selection, dry bool) []ppm.Resending {
	h.Helper()
	var told []ppm.Resending
	err := pipeline.Resend(h.Context(), h.Store, s, pipeline.ResendOptions{Dry: dry, By: "tester"}, func(r ppm.Resending) error {
		told = append(told, r)
		return nil
	})
	check(h.T, err)
	slices.SortFunc(told, func(a, b ppm.Resending) int { return cmp.Compare(a.Key(), b.Key()) })
	return told
}

func TestADryRunTellsExactlyWhatThenLeaves(t *testing.T) {
	s := newScene(t)
	crm, large, late := s.clients["crm"], s.clients["large"], s.clients["late"]
	misspelt := ppm.Receipt(strings.ToLower(string(s.receipts["refused"])))
	for name, tt := range map[string]struct {
		what  ppm.Selection
		leave string // what is to leave
		left  int    // how many are looked at and do not
	}{
		"dead letters": {ppm.Selection{Dead: true},
			"refused to crm, refused to large, unfetched fetched, unfetched to large", 2},
		"dead letters of a client": {ppm.Selection{Dead: true, Client: large},
			"refused to large, unfetched to large", 1},
		"dead letters of some, one of them named twice": {ppm.Selection{Dead: true, Receipts: append(s.of("refused", "unfetched", "other"), misspelt)},
			"refused to crm, refused to large, unfetched fetched, unfetched to large", 0},
		"dead letters since": {ppm.Selection{Dead: true, Since: s.middle}, "", 2},
		"dead letters found": {ppm.Selection{Dead: true, Search: "unfetched"}, "unfetched fetched, unfetched to large", 0},
		"all":                {ppm.Selection{}, "refused to crm, refused to large, unfetched to large", 15},
		"all, confirmed ones too": {ppm.Selection{Confirmed: true},
			"confirmed to crm, confirmed to large, other to crm, other to large, refused to crm, refused to large, " +
				"strange to crm, unfetched to crm, unfetched to large", 9},
		"one": {ppm.Selection{Receipts: s.of("refused")}, "refused to crm, refused to large", 1},
		"one to somebody who did not want it": {ppm.Selection{Receipts: s.of("confirmed"), Client: s.clients["funded"]},
			"confirmed to funded", 0},
		"what cannot be sent": {ppm.Selection{Receipts: s.of("erased", "unrouted"), Client: crm, Confirmed: true}, "", 2},
		"missing for a new client": {ppm.Selection{Missing: true, Client: late},
			"confirmed to late, other to late, refused to late, strange to late, unfetched to late", 2},
		"missing for a new client since": {ppm.Selection{Missing: true, Client: late, Since: s.middle}, "other to late, strange to late", 2},
		"missing for all": {ppm.Selection{Missing: true},
			"confirmed to late, other to late, refused to crm, refused to large, refused to late, strange to late, unfetched to late", 10},
		"found, confirmed":       {ppm.Selection{Search: "other posted", Confirmed: true}, "other to crm, other to large", 1},
		"since, to one":          {ppm.Selection{Since: s.middle, Client: crm, Confirmed: true}, "other to crm, strange to crm", 1},
		"to one who is held":     {ppm.Selection{Client: s.clients["held"]}, "", 6},
		"nothing that was found": {ppm.Selection{Search: "nowhere"}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := s.play(t)
			before := s.everything(h)
			actions := len(h.actions())
			would := h.resend(tt.what, true)
			if now := s.everything(h); !reflect.DeepEqual(now, before) || len(h.actions()) != actions {
				t.Error("the dry run has changed something")
			}
			done := h.resend(tt.what, false)
			if !slices.Equal(would, done) {
				t.Errorf("told before:\n%v\ndone:\n%v", would, done)
			}
			var left int
			var leave []string
			for _, r := range done {
				if r.Refused != "" {
					left++
					continue
				}
				leave = append(leave, s.sentence(r.DeliveryName))
			}
			slices.Sort(leave)
			if strings.Join(leave, ", ") != tt.leave || left != tt.left {
				t.Errorf("left %q and %d not; want %q and %d", leave, left, tt.leave, tt.left)
			}
			if lines := len(h.actions()) - actions; tt.leave == "" && tt.left == 0 && lines != 0 || tt.leave != "" && lines != 2 {
				t.Errorf("%d lines in the audit log", lines)
			}
			for name, d := range s.everything(h) {
				onItsWay := slices.Contains(leave, s.sentence(name))
				if onItsWay != (d.State != before[name].State || d.Changed != before[name].Changed) && name.Client != ppm.ClearmatchAPI {
					t.Errorf("%s was %s and is %s", s.sentence(name), before[name].State, d.State)
				}
				if onItsWay && d.State != ppm.Waiting && d.State != ppm.NeedsData {
					t.Errorf("%s is %s", s.sentence(name), d.State)
				}
			}
		})
	}
}

func TestWhatWasGivenUpIsDeliveredOnceTheCauseIsMended(t *testing.T) {
	hurry(t)
	p, sink := newPlatform(t), newSink(t)
	p.answers(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) })
	sink.answers(func(given) int { return http.StatusGone })
	h := newHouse(t, p.api(t))
	crm := h.client("crm", sink.URL, nil)
	large := h.client("large", sink.URL, nil, ppm.Rule{When: "application.amount > 5000"})
	h.start()
	r := h.accept(notification("A1", "Posted", p.at("A1")))
	first := h.becomes(ppm.GaveUp, r, crm.Number)
	h.becomes(ppm.GaveUp, r, large.Number)

	p.answers(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"amount":"much"}`) })
	sink.answers(func(given) int { return http.StatusOK })
	if told := h.resend(ppm.Selection{Dead: true}, false); len(told) != 3 {
		t.Errorf("sent again: %v", told)
	}
	h.becomes(ppm.Delivered, r, crm.Number)
	// It has been fetched now, but the rule cannot be applied to what came.
	h.until("the rule has been tried", func() bool {
		d := h.delivery(r, large.Number)
		return d.State == ppm.GaveUp && strings.Contains(d.Reason, "cannot be compared")
	})
	if told := h.resend(ppm.Selection{Dead: true}, false); len(told) != 1 || !strings.Contains(told[0].Refused, "cannot be compared") {
		t.Errorf("before the rule is mended: %v", told)
	}
	subscriptions, err := h.Subscriptions(t.Context())
	check(t, err)
	mended := subscriptions[1]
	mended.When = `application.amount == "much"`
	h.subscribe(mended)
	h.resend(ppm.Selection{Dead: true}, false)
	last := h.becomes(ppm.Delivered, r, large.Number)
	h.settled()
	if s := h.detail(r).Status; s != ppm.Complete {
		t.Errorf("the notification is %s", s)
	}
	had := sink.had()
	if len(had) != 3 || had[0].key != first.Key() || had[1].key != first.Key() || had[2].key != last.Key() {
		t.Errorf("given: %+v", had)
	}
	if got := h.delivery(r, crm.Number); got.Attempts != 2 || got.Failed != 0 {
		t.Errorf("%d attempts, %d failed since it was sent again", got.Attempts, got.Failed)
	}
}

func TestWhatWasConfirmedIsGivenAgainUnderTheSameKeyOnlyWhenAskedFor(t *testing.T) {
	sink := newSink(t)
	h := newHouse(t, nil)
	c := h.client("crm", sink.URL, nil)
	h.start()
	r := h.accept(notification("A1", "Posted", ""))
	key := h.becomes(ppm.Delivered, r, c.Number).Key()
	told := h.resend(ppm.Selection{Receipts: []ppm.Receipt{r}}, false)
	if len(told) != 1 || told[0].Refused != "the client has confirmed it" {
		t.Errorf("not asked for: %+v", told)
	}
	told = h.resend(ppm.Selection{Receipts: []ppm.Receipt{r}, Confirmed: true}, false)
	if len(told) != 1 || told[0].Refused != "" || told[0].From != ppm.Delivered || told[0].Name != "crm" {
		t.Errorf("asked for: %+v", told)
	}
	h.settled()
	if keys := sink.keys(); len(keys) != 2 || keys[0] != key || keys[1] != key {
		t.Errorf("given under %v, want twice %s", keys, key)
	}
}
