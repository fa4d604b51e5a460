package ui

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/a-h/templ"

	"processmanager/ppm"
)

var update = flag.Bool("update", false, "write the golden files anew")

// hashes are what changes in the address of an asset with its contents.
var hashes = regexp.MustCompile(`-[0-9a-f]{8}\.`)

// utc has times shown in UTC until the test ends.
func utc(t *testing.T) {
	was := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = was })
}

func TestPagesLookAsTheyDid(t *testing.T) {
	utc(t)
	now := noon.Add(time.Hour)
	m := furnished()
	for i := range m.kept {
		moveTo(&m.kept[i], now.Add(-time.Duration(60-i)*20*time.Minute))
	}
	since := now.Add(-90 * time.Minute)
	m.clients[1].FailingSince = &since
	n := need{Client: 2, Name: m.clients[1].Name, Cause: causeOf(m.clients[1].LastError), Error: m.clients[1].LastError, Since: since, GaveUp: 12, Waiting: 3}
	st, _ := m.status(t.Context())
	st.Receiver, st.API = "https://127.0.0.1:8443/notifications", "https://api.example/v1"
	st.Certificate = &Certificate{Until: now.Add(40 * 24 * time.Hour)}
	st.LastBackup = &since
	one := m.kept[59]
	rail := newRailView(st.Counts, ppm.ViewCounts{NeedsYou: 1000, Again: 2, AtMost: 1000}, m.clients, "is:needs-you")
	found, err := m.Browse(t.Context(), ppm.Query{}, ppm.Page{Limit: 5})
	check(t, err)
	list := listView{Rail: rail, Query: "client:CRM word", Terms: []termView{{"client:CRM", "/notifications?q=word"}, {"word", "/notifications?q=client%3ACRM"}}, All: "/retry?q=word"}
	list.fill(found, m.clients, "word", one.Receipt, now)
	shown := func(tab string, fill func(*oneView)) oneView {
		v := oneView{List: list, Back: "/notifications", Receipt: string(one.Receipt), What: what(one.Notification), Type: one.Type, Number: one.Application,
			Status: statusChip(one.Status), When: momentAt(one.ReceivedAt, now), Tab: tab, Here: "/here", Retry: true}
		for _, tv := range tabs {
			tv.Address, tv.Here = oneAddress(one.Receipt, tv.Key, ""), tv.Key == tab
			v.Tabs = append(v.Tabs, tv)
		}
		fill(&v)
		return v
	}
	strip := stripView{Total: "2 notifications", Words: "The last 24 hours.", Ticks: []tickView{tickAt(10, 2, 28, "tick", "12:00 · A1")}, Hours: []hourView{{"40.0", "16:00"}}}
	allWell := newHomeView(st, m.clients[:1], nil, []ppm.Record{one.Record}, now)
	allWell.Strip = strip
	trouble := newHomeView(st, m.clients, []need{n}, []ppm.Record{one.Record}, now)
	trouble.Strip = strip
	for name, page := range map[string]templ.Component{
		"home-all-well": homePage(allWell),
		"home-needs":    homePage(trouble),
		"home-first":    homePage(newHomeView(st, nil, nil, nil, now)),
		"list":          notificationsPage(list),
		"list-empty":    notificationsPage(listView{Rail: rail, Empty: emptyList("is:needs-you", ppm.Query{})}),
		"list-odd":      notificationsPage(listView{Rail: rail, Query: "is:odd", Trouble: "Is: give needs-you, again or held."}),
		"story":         notificationPage(shown("story", func(v *oneView) { v.Story = storyView{Steps: steps(m.kept[56], now), Others: list.Days[0].Rows} })),
		"data":          notificationPage(shown("data", func(v *oneView) { v.Data = newDataView(one, true, now) })),
		"clients":       notificationPage(shown("clients", func(v *oneView) { v.Clients = clientViews(m.kept[56], true, now) })),
		"received":      notificationPage(shown("received", func(v *oneView) { v.Received = newReceivedView(one, st, false, now) })),
		"history":       notificationPage(shown("history", func(v *oneView) { v.History = []actionView{{momentAt(noon, now), "maria", "retried", "", "1 sent"}} })),
		"confirm":       confirmPage(newConfirmView(bulk{Words: "12 notifications that you chose", Fields: []field{{"receipt", "1-A"}}}, m.clients, map[int64]int64{0: 1, 2: 11}, 12, false)),
		"job":           jobPage(jobView{ID: "1", Words: "All.", Sentence: "2 so far.", Running: true}),
		"door":          doorPage(doorView{Good: true, Heading: "It is running.", Lead: "Lead.", Trouble: "Trouble."}),
		"door-code":     doorPage(doorView{Heading: "Nothing can be kept.", Code: "ABC"}),
		"frame": frame(frameView{page: page{Title: "Title", Place: "/", Body: troublePage(troubleView{"Heading", "Text.", "/again"})},
			By: "maria", Places: places("/"), Notice: &notice{Text: "Done.", Bad: true}}),
	} {
		var b bytes.Buffer
		check(t, page.Render(t.Context(), &b))
		got := hashes.ReplaceAll(lined(b.Bytes()), []byte("-HASH."))
		file := filepath.Join("testdata", name+".golden.html")
		if *update {
			check(t, os.MkdirAll("testdata", 0o755))
			check(t, os.WriteFile(file, got, 0o644))
			continue
		}
		want, err := os.ReadFile(file)
		check(t, err)
		if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
			t.Errorf("%s is not as it was; look at what go test ./ui -update changes", file)
		}
	}
}

// lined begins a line with each element, so that differences can be read.
func lined(page []byte) []byte {
	return append(bytes.ReplaceAll(page, []byte("><"), []byte(">\n<")), '\n')
}

// moveTo moves everything that happened to d to another time.
func moveTo(d *ppm.Detail, at time.Time) {
	by := at.Sub(d.ReceivedAt)
	move := func(t *time.Time) { *t = t.Add(by) }
	move(&d.ReceivedAt)
	for i := range d.History {
		move(&d.History[i].At)
	}
	for i := range d.Fetches {
		move(&d.Fetches[i].At)
	}
	deliveries := d.Deliveries
	if d.Fetching != nil {
		move(&d.Fetching.Changed)
	}
	for i := range deliveries {
		if !deliveries[i].Changed.IsZero() {
			move(&deliveries[i].Changed)
		}
		for j := range deliveries[i].Made {
			move(&deliveries[i].Made[j].Began)
		}
	}
}
