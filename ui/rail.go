package ui

import (
	"context"
	"net/url"

	"processmanager/ppm"
)

// A railView is the saved views, and the clients with their state.
type railView struct {
	Views   []railItem
	Clients []railItem
}

// A railItem leads to one view.
type railItem struct {
	Address string
	Icon    string
	Name    string
	N       string
	Loud    bool   // the number wants somebody
	Tone    string // of a client's state
	Word    string
	Here    bool
}

// rail returns the views; typed is the search that is shown.
func (s *Server) rail(ctx context.Context, clients []Client, typed string) (railView, error) {
	st, err := s.status(ctx)
	if err != nil {
		return railView{}, err
	}
	c, err := s.book.ViewCounts(ctx)
	if err != nil {
		return railView{}, err
	}
	return newRailView(st.Counts, c, clients, typed), nil
}

func newRailView(all ppm.Counts, c ppm.ViewCounts, clients []Client, typed string) railView {
	upTo := func(n int64) string {
		if n >= c.AtMost {
			return number(c.AtMost) + "+"
		}
		return number(n)
	}
	v := railView{Views: []railItem{
		{Name: "Needs you", Icon: "alert", Address: "is:needs-you", N: upTo(c.NeedsYou), Loud: c.NeedsYou > 0},
		{Name: "Queued", Icon: "clock", Address: "status:queued", N: number(all.Notifications.Queued)},
		{Name: "Complete", Icon: "check", Address: "status:complete", N: number(all.Notifications.Complete)},
		{Name: "Failed", Icon: "reject", Address: "status:failed", N: number(all.Notifications.Failed)},
		{Name: "Sent again", Icon: "again", Address: "is:again", N: upTo(c.Again)},
		{Name: "All", Icon: "inbox", Address: "", N: number(all.Accepted)},
	}}
	for _, c := range clients {
		if c.Removed != nil {
			continue
		}
		item := railItem{Name: c.Name, Icon: kindIcon(c.Kind), Address: term{Key: "client", Value: c.Name}.text(), Tone: "good", Word: "reached"}
		switch {
		case c.Held:
			item.Tone, item.Word = "held", "held"
		case c.Down:
			item.Tone, item.Word = "bad", "not reached"
		case c.LastDelivered == nil && c.Delivered == 0:
			item.Tone, item.Word = "calm", "nothing yet"
		}
		v.Clients = append(v.Clients, item)
	}
	for _, items := range [][]railItem{v.Views, v.Clients} {
		for i := range items {
			items[i].Here = items[i].Address == typed
			items[i].Address = listAddress(items[i].Address, "")
		}
	}
	return v
}

// listAddress is where a search is shown, from the notification after on.
func listAddress(typed string, after ppm.Receipt) string {
	q := url.Values{}
	if typed != "" {
		q.Set("q", typed)
	}
	if after != "" {
		q.Set("after", string(after))
	}
	if len(q) == 0 {
		return "/notifications"
	}
	return "/notifications?" + q.Encode()
}
