package ui

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"processmanager/ppm"
)

// rowsShown is how many notifications a page of the list has.
const rowsShown = 50

// A listView is the list of notifications: a view, or what a search found.
type listView struct {
	Rail    railView
	Query   string
	Terms   []termView
	Trouble string // why the search could not be understood
	Days    []dayView
	Older   string // address of what comes after; "": nothing
	Newest  string // address of the beginning, where this is not it
	Looked  string // how far back was looked, where the page is not full
	Behind  string
	Empty   *emptyView
	All     string // address to send again all that match; "": there is no search
}

// A termView is a part of the search, with the address of the search without it.
type termView struct{ Text, Without string }

// A dayView is what arrived on one day.
type dayView struct {
	Name string
	Rows []rowView
}

// A rowView is a notification in the list.
type rowView struct {
	ID      string // for the script, and to come back to
	Receipt string
	Address string
	Status  chipView
	What    string
	Number  string
	Again   string
	To      []toView
	When    momentView
	Error   string // in plain words
	Said    string // word for word
	Here    bool
}

// A toView is a delivery as a small chip: the client's name, and its state.
type toView struct {
	chipView
	Name string
}

// notifications is the list of notifications.
func (s *Server) notifications(r *http.Request) (page, error) {
	v, err := s.listing(r, "")
	if err != nil {
		return page{}, err
	}
	return page{Title: "Notifications", Place: "/notifications", Split: "split", Body: notificationsPage(v)}, nil
}

// listing returns the list that the address asks for; here is the notification
// that is shown beside it.
func (s *Server) listing(r *http.Request, here ppm.Receipt) (listView, error) {
	ctx, now, q := r.Context(), time.Now(), r.URL.Query()
	clients, err := s.store.Clients(ctx)
	if err != nil {
		return listView{}, err
	}
	terms := termsOf(q.Get("q"))
	typed := typedAs(terms)
	v := listView{Query: typed}
	for i, t := range terms {
		rest := append(append([]term{}, terms[:i]...), terms[i+1:]...)
		v.Terms = append(v.Terms, termView{t.text(), listAddress(typedAs(rest), "")})
	}
	if v.Rail, err = s.rail(ctx, clients, typed); err != nil {
		return listView{}, err
	}
	query, err := queryOf(terms, clients, now)
	var bad Refusal
	if errors.As(err, &bad) {
		v.Trouble = sentence(bad.Error())
		return v, nil
	}
	after := ppm.Receipt(q.Get("after"))
	found, err := s.book.Browse(ctx, query, ppm.Page{After: after, Limit: rowsShown})
	if err != nil {
		return listView{}, err
	}
	v.fill(found, clients, typed, here, now)
	if after != "" {
		v.Newest = listAddress(typed, "")
	}
	if len(found.Found) == 0 && found.Next == "" {
		v.Empty = emptyList(typed, query)
	}
	if typed != "" && len(found.Found) > 0 {
		v.All = "/retry?" + url.Values{"q": {typed}}.Encode()
	}
	return v, nil
}

// fill puts what was found into the view.
func (v *listView) fill(found ppm.Finding, clients []Client, typed string, here ppm.Receipt, now time.Time) {
	named := make(map[int64]Client, len(clients))
	for _, c := range clients {
		named[c.Number] = c
	}
	for _, f := range found.Found {
		day := dayName(f.ReceivedAt, now)
		if n := len(v.Days); n == 0 || v.Days[n-1].Name != day {
			v.Days = append(v.Days, dayView{Name: day})
		}
		row := newRowView(f, named, typed, now)
		row.Here = f.Receipt == here
		rows := &v.Days[len(v.Days)-1].Rows
		*rows = append(*rows, row)
	}
	if found.Next != "" {
		v.Older = listAddress(typed, found.Next)
	}
	if !found.Looked.IsZero() {
		v.Looked = found.Looked.Local().Format("2 January 2006, 15:04")
	}
	if found.Behind > 0 {
		v.Behind = count(found.Behind, "notification is", "notifications are") + " too new to be searched yet."
	}
}

func newRowView(f ppm.Found, clients map[int64]Client, typed string, now time.Time) rowView {
	row := rowView{
		ID: "n" + string(f.Receipt), Receipt: string(f.Receipt), Address: oneAddress(f.Receipt, "", typed),
		Status: statusChip(f.Status), What: what(f.Notification), Number: f.Application, When: momentAt(f.ReceivedAt, now),
	}
	if f.Arrivals > 1 {
		row.Again = "sent again by Clearmatch"
	}
	for _, d := range f.Deliveries {
		name := apiName
		if d.Client != ppm.ClearmatchAPI {
			name = clients[d.Client].Name
		}
		if d.Error != "" && d.State != ppm.Delivered && row.Error == "" {
			row.Error, row.Said = troubleOf(name, d.Error), firstLine(d.Error)
		}
		if d.State == ppm.NotWanted || d.Client == ppm.ClearmatchAPI && d.State == ppm.Delivered {
			continue
		}
		row.To = append(row.To, toView{deliveryChip(d, clients[d.Client].Held, now), name})
	}
	return row
}

// emptyList says why a list has nothing in it: nothing yet, nothing to do, or
// nothing that matches.
func emptyList(typed string, q ppm.Query) *emptyView {
	switch {
	case typed == "":
		return &emptyView{Icon: "inbox", Heading: "Nothing has arrived yet", Text: "When Clearmatch posts its first notification, it appears here by itself. To try it out, open a terminal and type ppm send."}
	case typed == "is:needs-you":
		return &emptyView{Icon: "check", Good: true, Heading: "Nothing needs you", Text: "Everything that arrived has gone where it should, or is on its way."}
	case typed == "status:failed":
		return &emptyView{Icon: "check", Good: true, Heading: "Nothing has failed", Text: "Nothing was given up on."}
	case typed == "status:queued":
		return &emptyView{Icon: "check", Good: true, Heading: "Nothing is queued", Text: "Everything that arrived has been dealt with."}
	}
	return &emptyView{Icon: "search", Heading: "Nothing matches", Text: "Nothing that is kept fits all of the search. Take a part of it away, or look for the beginning of a number or a word.", Link: "Show all", Address: "/notifications"}
}

// oneAddress is where one notification is shown, beside the list of a search.
func oneAddress(r ppm.Receipt, tab, typed string) string {
	q := url.Values{}
	if tab != "" {
		q.Set("tab", tab)
	}
	if typed != "" {
		q.Set("q", typed)
	}
	address := "/notifications/" + url.PathEscape(string(r))
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	return address
}
