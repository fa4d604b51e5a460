package pipeline_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"processmanager/db/sqlite"
	"processmanager/ppm"
)

// A scene is what a partner may have after a while: something of every kind
// that can be selected to be sent again.
type scene struct {
	backup   string // of the store
	receipts map[string]ppm.Receipt
	clients  map[string]int64
	middle   time.Time // half of it had arrived
}

func newScene(t *testing.T) *scene {
	p, sink := newPlatform(t), newSink(t)
	p.answers(func(w http.ResponseWriter, r *http.Request) {
		switch application := r.URL.Path[len("/v1/"):]; application {
		case "unfetched":
			w.WriteHeader(http.StatusNotFound)
		case "strange":
			fmt.Fprint(w, `{"amount":"much"}`)
		default:
			fmt.Fprint(w, data(application))
		}
	})
	sink.answers(func(g given) int {
		if g.application == "refused" {
			return http.StatusGone
		}
		return http.StatusOK
	})
	h := newHouse(t, p.api(t))
	s := &scene{receipts: map[string]ppm.Receipt{}, clients: map[string]int64{}}
	for name, rule := range map[string]ppm.Rule{
		"crm": {}, "removed": {}, "held": {}, "large": {When: "application.amount > 5000"}, "funded": {Event: "Funded"},
	} {
		s.clients[name] = h.client(name, sink.URL, nil, rule).Number
	}
	check(t, h.HoldClient(t.Context(), s.clients["held"], true, "tester"))
	h.start()
	accept := func(applications ...string) {
		for _, a := range applications {
			s.receipts[a] = h.accept(notification(a, "Posted", p.at(a)))
		}
		for _, a := range applications {
			h.until(a+" is through", func() bool {
				for _, d := range h.detail(s.receipts[a]).Deliveries {
					if d.Client != s.clients["held"] && (d.State == ppm.Waiting || d.State == ppm.NeedsData) {
						return false
					}
				}
				return len(h.detail(s.receipts[a]).Deliveries) > 0
			})
		}
	}
	accept("confirmed", "refused", "unfetched")
	s.middle = time.Now().UTC().Truncate(time.Microsecond)
	accept("strange", "erased", "other")
	check(t, h.RemoveClient(t.Context(), s.clients["removed"], "tester"))
	h.stop()
	s.receipts["unrouted"] = h.accept(notification("unrouted", "Posted", p.at("unrouted")))
	_, err := h.Erase(t.Context(), "erased", "tester")
	check(t, err)
	s.clients["late"] = h.client("late", sink.URL, nil).Number
	s.backup = filepath.Join(t.TempDir(), "scene.db")
	check(t, h.Backup(t.Context(), s.backup, nil))
	return s
}

// play returns a house with the scene in it, in which nothing runs.
func (s *scene) play(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	_, err := sqlite.Restore(t.Context(), dir, s.backup)
	check(t, err)
	h := houseIn(t, dir, nil)
	h.until("everything can be searched", func() bool {
		_, behind, err := h.Search(t.Context(), "other", ppm.Page{Limit: 1})
		check(t, err)
		return behind == 0
	})
	return h
}

// of returns the receipts of some applications.
func (s *scene) of(applications ...string) (all []ppm.Receipt) {
	for _, a := range applications {
		all = append(all, s.receipts[a])
	}
	return all
}

// everything returns all deliveries there are, by their names.
func (s *scene) everything(h *house) map[ppm.DeliveryName]ppm.Delivery {
	all := map[ppm.DeliveryName]ppm.Delivery{}
	for _, r := range s.receipts {
		states, err := h.States(h.Context(), r)
		check(h.T, err)
		for _, d := range states {
			all[d.DeliveryName] = d
		}
	}
	return all
}

// sentence is a delivery as the tables here write it.
func (s *scene) sentence(d ppm.DeliveryName) string {
	for application, r := range s.receipts {
		for client, number := range s.clients {
			if d == (ppm.DeliveryName{Receipt: r, Client: number}) {
				return application + " to " + client
			}
		}
		if d == (ppm.DeliveryName{Receipt: r}) {
			return application + " fetched"
		}
	}
	return d.Key()
}
