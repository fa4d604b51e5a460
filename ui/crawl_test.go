package ui

import (
	"fmt"
	"html"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"processmanager/assets"
	"processmanager/ppm"
)

// furnished returns a memory in which every part of every page has something to show.
func furnished() *memory {
	m := remember(60)
	failing := time.Now().Add(-time.Hour)
	m.clients = []Client{
		{Client: ppm.Client{Number: 1, Name: "Loan book", Kind: ppm.WebAddress, Concurrency: 2, ClientHealth: ppm.ClientHealth{Delivered: 40}}},
		{Client: ppm.Client{Number: 2, Name: `C<R>M "x"`, Kind: ppm.Program, Concurrency: 1, PerMinute: 60, ClientHealth: ppm.ClientHealth{
			Waiting: 3, GaveUp: 2, Failing: 7, FailingSince: &failing, LastError: "https://crm.example answered 401 Unauthorized: it refuses the token"}}, Down: true},
		{Client: ppm.Client{Number: 3, Name: "Archive", Kind: ppm.Folder, Held: true}},
	}
	for i := range m.kept {
		d := &m.kept[i]
		d.ReceivedAt = time.Now().Add(-time.Duration(60-i) * 20 * time.Minute)
		d.History = []ppm.ArrivalSummary{{At: d.ReceivedAt, From: d.From, BodySHA256: d.BodySHA256}}
		name := func(client int64) ppm.DeliveryName { return ppm.DeliveryName{Receipt: d.Receipt, Client: client} }
		made := []ppm.AttemptSummary{{Began: d.ReceivedAt, Took: 12 * time.Millisecond, Status: 200, Excerpt: []byte(`{"ok":true}`)}}
		d.Deliveries = []ppm.DeliveryDetail{
			{Delivery: ppm.Delivery{DeliveryName: name(1), State: ppm.Delivered, Attempts: 1, Changed: d.ReceivedAt.Add(time.Second)}, Name: "Loan book", Made: made, Key: "K"},
			{Delivery: ppm.Delivery{DeliveryName: name(3), State: ppm.NotWanted, Reason: "the type is another (rule 4)"}, Name: "Archive"},
		}
		if i%7 == 0 {
			dead := ppm.Delivery{DeliveryName: name(2), State: ppm.GaveUp, Attempts: 3, Failed: 3, Error: m.clients[1].LastError, Changed: d.ReceivedAt.Add(time.Minute)}
			failed := []ppm.AttemptSummary{{Began: d.ReceivedAt, Status: 401, Error: dead.Error, Excerpt: []byte("<script>alert(1)</script>")}}
			d.Deliveries = append(d.Deliveries, ppm.DeliveryDetail{Delivery: dead, Name: m.clients[1].Name, Made: failed, Key: "K"})
			d.Status = ppm.Failed
			m.dead = append(m.dead, dead)
		}
	}
	last := &m.kept[59]
	second := `{"id":"A000060","note":"<Ünïcode & more>","extra":1}`
	last.Arrivals = 2
	last.History = append(last.History, ppm.ArrivalSummary{At: last.ReceivedAt.Add(time.Minute), From: "192.0.2.2", BodySHA256: "ff", Body: &second})
	last.Fetching = &ppm.DeliveryDetail{Delivery: ppm.Delivery{State: ppm.Delivered, Attempts: 1, Changed: last.ReceivedAt.Add(time.Second)}}
	last.Fetches = []ppm.Fetch{
		{At: last.ReceivedAt, Data: `{"amount":1000.00,"borrower":{"firstName":"Mariposa","email":"m@example.org"},"old":true}`},
		{At: last.ReceivedAt.Add(time.Minute), Data: `{"amount":1000.50,"borrower":{"firstName":"Mariella","email":"m@example.org"},"new":[1,2]}`},
	}
	m.actions = []ppm.Action{{At: noon, By: "maria", What: "retried", About: string(last.Receipt), Details: "<b>1</b>"}}
	m.down = []Down{{Client: 2, Name: m.clients[1].Name, Since: failing, Error: m.clients[1].LastError, Waiting: 3}}
	return m
}

var (
	linked = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	forms  = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	tags   = regexp.MustCompile(`<[^>]*>`)
)

// Every page that a visitor can come to by links and forms is asked for, and so is
// every address of the table: nothing is missing, nothing is changed by looking,
// and every answer carries the headers.
func TestEveryPageCanBeLookedAtAndLookingChangesNothing(t *testing.T) {
	m := furnished()
	srv := serve(t, m)
	cookie := signIn(t, srv)
	before := fmt.Sprint(m.actions, len(m.done))
	asked := map[string]bool{}
	posts := map[string]bool{}
	queue := []string{"/", "/retry?cause=token&client=2", "/notifications?q=" + url.QueryEscape("is:needs-you -zebra"), "/notifications?q=" + url.QueryEscape("status:nonsense")}
	for _, tab := range tabs {
		queue = append(queue, oneAddress(m.kept[59].Receipt, tab.Key, ""), oneAddress(m.kept[0].Receipt, tab.Key, ""))
	}
	for len(queue) > 0 {
		address := queue[0]
		queue = queue[1:]
		if asked[address] || len(asked) > 150 {
			continue
		}
		asked[address] = true
		answer, body := ask(t, srv, "GET", address, cookie)
		if answer.StatusCode != 200 {
			t.Errorf("GET %s = %d", address, answer.StatusCode)
		}
		if strings.HasPrefix(address, assets.Prefix) {
			continue
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if answer.Header.Get(name) != want {
				t.Errorf("GET %s: %s = %q", address, name, answer.Header.Get(name))
			}
		}
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
			t.Errorf("GET %s: policy %q", address, policy)
		}
		for _, tag := range tags.FindAllString(body, -1) { // an address in a text is no address
			if bad := inline.FindString(tag); bad != "" {
				t.Errorf("GET %s has %q in %s", address, bad, tag)
			}
		}
		if strings.Contains(body, "alert(1)</script>") || strings.Contains(body, "C<R>M") {
			t.Errorf("GET %s shows a stranger's text as markup", address)
		}
		for _, to := range linked.FindAllStringSubmatch(body, -1) {
			link, _, _ := strings.Cut(html.UnescapeString(to[1]), "#")
			if link != "" {
				queue = append(queue, link)
			}
		}
		for _, to := range forms.FindAllStringSubmatch(body, -1) {
			posts[html.UnescapeString(to[1])] = true
		}
	}
	if after := fmt.Sprint(m.actions, len(m.done)); after != before {
		t.Errorf("looking at the pages did %s (before: %s)", after, before)
	}
	addresses := slices.Collect(func(yield func(string) bool) {
		for a := range asked {
			u, _, _ := strings.Cut(a, "?")
			if !yield(u) {
				return
			}
		}
	})
	s := New(Options{Store: m, Book: m, Token: token, Status: m.status})
	for pattern, methods := range s.pages() {
		if methods["POST"] == nil {
			continue
		}
		// What can be posted takes no GET, unless it has a page of its own.
		address := strings.NewReplacer("{receipt}", string(m.kept[59].Receipt), "{job}", "1", "{$}", "").Replace(pattern)
		answer, _ := ask(t, srv, "GET", address, cookie)
		if methods["GET"] == nil && answer.StatusCode != 405 {
			t.Errorf("GET %s = %d, want 405", address, answer.StatusCode)
		}
	}
	for _, want := range []string{"/", "/notifications", "/retry", "/notifications/" + string(m.kept[59].Receipt)} {
		if !slices.Contains(addresses, want) {
			t.Errorf("nothing leads to %s", want)
		}
	}
	for _, want := range []string{"/hold", "/leave", "/retry"} {
		if !posts[want] {
			t.Errorf("no form leads to %s: %v", want, posts)
		}
	}
}

func TestAPageThatCannotBeShownSaysSo(t *testing.T) {
	m := furnished()
	srv := serve(t, m)
	cookie := signIn(t, srv)
	for address, want := range map[string]struct {
		status int
		text   string
	}{
		"/notifications/nonsense":        {404, "There is no such thing."},
		"/notifications/999-AAAAAAAA":    {404, "There is no such thing."},
		"/jobs/7":                        {404, "There is no such thing."},
		"/retry":                         {400, "Choose what to send again first."},
		"/retry?q=client:nobody":         {400, "Client: there is none called"},
		"/retry?cause=token&client=1":    {400, "nothing is left of this"},
		"/notifications?q=client:nobody": {200, "Client: there is none called"},
		"/notifications?q=zebra":         {200, "Nothing matches"},
		"/notifications?q=status:queued": {200, "Nothing is queued"},
	} {
		answer, body := ask(t, srv, "GET", address, cookie)
		if answer.StatusCode != want.status || !strings.Contains(strings.ToLower(body), strings.ToLower(want.text)) {
			t.Errorf("GET %s = %d %s", address, answer.StatusCode, body)
		}
	}
}

func TestAFragmentIsTheContentsAlone(t *testing.T) {
	srv := serve(t, furnished())
	cookie := signIn(t, srv)
	answer, body := ask(t, srv, "GET", "/notifications", cookie, "Fragment: live")
	if strings.Contains(body, "<html") || !strings.Contains(body, `id="rows"`) || !strings.Contains(answer.Header.Get("Vary"), "Fragment") {
		t.Errorf("fragment = %s, Vary %q", body, answer.Header.Get("Vary"))
	}
	if answer, _ := ask(t, srv, "GET", "/notifications", "Fragment: live"); answer.StatusCode != 401 {
		t.Errorf("without a session = %d", answer.StatusCode)
	}
}

func open(t *testing.T, m *memory) (*httptest.Server, string) {
	t.Helper()
	srv := serve(t, m)
	return srv, signIn(t, srv)
}
