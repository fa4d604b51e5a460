package dbtest

import (
	"fmt"

	"pgregory.net/rapid"

	"processmanager/ppm"
)

func (w *world) resend(t *rapid.T) {
	kept, err := w.List(w.Context(), ppm.Page{Limit: 1000, OldestFirst: true})
	if err != nil {
		w.Fatal("list:", err)
	}
	if len(kept) == 0 {
		return
	}
	var names []ppm.DeliveryName
	for range rapid.IntRange(1, 3).Draw(t, "names") {
		names = append(names, ppm.DeliveryName{Receipt: rapid.SampledFrom(kept).Draw(t, "notification").Receipt, Client: w.anybody(t)})
	}
	answers, err := w.Resend(w.Context(), names, rapid.Bool().Draw(t, "confirmed"))
	if err != nil {
		w.Fatal("resend:", err)
	}
	for _, a := range answers {
		if a.Refused != "" {
			continue
		}
		is := states(w, w.Store, a.Receipt)
		if s := is[a.Client].State; s != ppm.Waiting && s != ppm.NeedsData {
			w.Errorf("%s was sent again from %q and is %s", a.Key(), a.From, s)
		}
		fetch := ppm.DeliveryName{Receipt: a.Receipt, Client: ppm.ClearmatchAPI}
		w.again[a.DeliveryName], w.again[fetch] = true, true
		w.doubt(func(n ppm.DeliveryName) bool { return n == a.DeliveryName || n == fetch })
	}
}

// settings changes who wants something.
func (w *world) settings(t *rapid.T) {
	clients := w.clients()
	if len(clients) == 0 {
		if err := w.Idle(w.Context(), rapid.Bool().Draw(t, "idle")); err != nil {
			w.Fatal("idle:", err)
		}
		w.addClient(t)
		return
	}
	c := rapid.SampledFrom(clients).Draw(t, "client")
	var err error
	switch what := rapid.SampledFrom([]string{"order", "data", "hold", "hold", "add", "remove"}).Draw(t, "what"); what {
	case "order", "data":
		if what == "order" {
			c.Ordered = !c.Ordered
		} else {
			c.Data = !c.Data
		}
		_, err = w.SaveClient(w.Context(), c, "anna")
		w.doubt(func(n ppm.DeliveryName) bool { return n.Client == c.Number })
	case "hold":
		err = w.HoldClient(w.Context(), c.Number, !c.Held, "anna")
	case "add":
		if len(clients) < 3 {
			w.addClient(t)
		}
	case "remove":
		err = w.RemoveClient(w.Context(), c.Number, "anna")
	}
	if err != nil {
		w.Fatal("settings:", err)
	}
}

func (w *world) addClient(t *rapid.T) {
	all, err := w.Clients(w.Context())
	if err != nil {
		w.Fatal("clients:", err)
	}
	keepClient(w, w.Store, ppm.Client{Name: fmt.Sprint("client ", len(all)+1),
		Ordered: rapid.IntRange(0, 2).Draw(t, "ordered") > 0, Data: rapid.Bool().Draw(t, "data")})
}

// forget erases an application or lets what is old expire.
func (w *world) forget(t *rapid.T) {
	if rapid.IntRange(0, 5).Draw(t, "forget") > 0 {
		return
	}
	w.doubt(func(ppm.DeliveryName) bool { return true })
	if rapid.Bool().Draw(t, "erase") {
		erase(w, w.Store, rapid.SampledFrom([]string{"A", "B", "C", "nobody"}).Draw(t, "application"))
		return
	}
	for more := true; more; {
		var err error
		if _, more, err = w.Expire(w.Context(), w.now, ppm.Retention{Bodies: 3 * day, DeadLetters: 9 * day}); err != nil {
			w.Fatal("expire:", err)
		}
	}
}
