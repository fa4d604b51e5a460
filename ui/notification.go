package ui

import (
	"net/http"
	"net/url"
	"time"

	"processmanager/ppm"
)

// A oneView is one notification, with the list it was opened from beside it.
type oneView struct {
	List    listView
	Back    string // address of that list
	Receipt string
	What    string
	Type    string // the code, in brackets
	Number  string
	Status  chipView
	When    momentView
	Tabs    []tabView
	Tab     string
	Retry   bool   // something of it gave up
	Here    string // this address, to come back to
	Erased  bool

	Story    storyView
	Data     dataView
	Clients  []clientView
	Received receivedView
	History  []actionView
}

// A tabView leads to a part of a notification.
type tabView struct {
	Key, Name, Address string
	Here               bool
}

// tabs are the parts of a notification, in their order.
var tabs = []tabView{
	{Key: "story", Name: "Story"}, {Key: "data", Name: "Data"}, {Key: "clients", Name: "Clients"},
	{Key: "received", Name: "As received"}, {Key: "history", Name: "History"},
}

// notification shows one notification.
func (s *Server) notification(r *http.Request) (page, error) {
	now, q := time.Now(), r.URL.Query()
	d, err := s.store.Find(r.Context(), ppm.Receipt(r.PathValue("receipt")))
	if err != nil {
		return page{}, err
	}
	typed := typedAs(termsOf(q.Get("q")))
	v := oneView{
		Back: listAddress(typed, "") + "#n" + string(d.Receipt), Receipt: string(d.Receipt), What: what(d.Notification), Type: d.Type, Number: d.Application,
		Status: statusChip(d.Status), When: momentAt(d.ReceivedAt, now), Retry: anyDead(d), Erased: d.Erased, Tab: tabs[0].Key,
	}
	for _, t := range tabs {
		if t.Key == q.Get("tab") {
			v.Tab = t.Key
		}
	}
	for _, t := range tabs {
		t.Address, t.Here = oneAddress(d.Receipt, t.Key, typed), t.Key == v.Tab
		v.Tabs = append(v.Tabs, t)
	}
	v.Here = oneAddress(d.Receipt, v.Tab, typed)
	if v.List, err = s.listing(r, d.Receipt); err != nil {
		return page{}, err
	}
	if err := s.part(r, &v, d, now); err != nil {
		return page{}, err
	}
	return page{Title: d.Application + ": " + v.What, Place: "/notifications", Split: "split three", Body: notificationPage(v)}, nil
}

// part fills in the part that is shown.
func (s *Server) part(r *http.Request, v *oneView, d ppm.Detail, now time.Time) (err error) {
	ctx, veiled := r.Context(), !s.sessions.hasRevealed(asking(r), d.Application)
	switch v.Tab {
	case "story":
		v.Story, err = s.story(ctx, d, veiled, now)
	case "data":
		v.Data = newDataView(d, veiled, now)
	case "clients":
		v.Clients = clientViews(d, veiled, now)
	case "received":
		var st Status
		st, err = s.status(ctx)
		v.Received = newReceivedView(d, st, veiled, now)
	case "history":
		v.History, err = s.history(ctx, d, now)
	}
	return err
}

func anyDead(d ppm.Detail) bool {
	if d.Fetching != nil && d.Fetching.State == ppm.GaveUp {
		return true
	}
	for _, to := range d.Deliveries {
		if to.State == ppm.GaveUp {
			return true
		}
	}
	return false
}

// reveal takes the veil from an application's personal data, for this visitor
// and for a while, and notes that in the audit log first.
func (s *Server) reveal(r *http.Request) (outcome, error) {
	ctx, receipt := r.Context(), ppm.Receipt(r.PathValue("receipt"))
	d, err := s.store.Find(ctx, receipt)
	if err != nil {
		return outcome{}, err
	}
	v := asking(r)
	err = s.book.Audit(ctx, ppm.Action{At: time.Now(), By: v.By, What: "personal data shown", About: d.Application, Details: string(receipt)})
	if err != nil {
		return outcome{}, err
	}
	s.sessions.reveal(v, d.Application)
	q := url.Values{"tab": {r.PostForm.Get("tab")}}
	if typed := r.PostForm.Get("q"); typed != "" {
		q.Set("q", typed)
	}
	return outcome{To: "/notifications/" + url.PathEscape(string(receipt)) + "?" + q.Encode()}, nil
}
