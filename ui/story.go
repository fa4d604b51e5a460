package ui

import (
	"context"
	"fmt"
	"strings"
	"time"

	"processmanager/ppm"
)

// A storyView is what happened to a notification, and to the application that
// it is about.
type storyView struct {
	Steps    []stepView
	Others   []rowView // all notifications of the application, newest first
	More     string    // address of those beyond
	Changed  []changeView
	Compared string // with what the changes are
	Veiled   bool
}

// A stepView is a point of the timeline.
type stepView struct {
	Tone, Icon string
	Title      string
	Text       string
	Error      string
	When       *momentView
	Took       string // in place of a time
}

// A changeView is a value that was not the same when the data were fetched before.
type changeView struct{ Path, Was, Is string }

// othersShown is how many notifications of an application its story has.
const othersShown = 30

func (s *Server) story(ctx context.Context, d ppm.Detail, veiled bool, now time.Time) (storyView, error) {
	v := storyView{Steps: steps(d, now)}
	if d.Application == "" {
		return v, nil
	}
	clients, err := s.store.Clients(ctx)
	if err != nil {
		return v, err
	}
	found, err := s.book.Browse(ctx, ppm.Query{Application: d.Application}, ppm.Page{Limit: othersShown})
	if err != nil {
		return v, err
	}
	typed := term{Key: "application", Value: d.Application}.text()
	var list listView
	list.fill(found, clients, typed, d.Receipt, now)
	for _, day := range list.Days {
		for _, row := range day.Rows {
			if row.Number == d.Application { // and not only begins so
				v.Others = append(v.Others, row)
			}
		}
	}
	if found.Next != "" {
		v.More = listAddress(typed, "")
	}
	return v, s.compare(ctx, &v, d, found.Found, veiled)
}

// compare adds how the data fetched for d differ from those fetched before.
func (s *Server) compare(ctx context.Context, v *storyView, d ppm.Detail, others []ppm.Found, veiled bool) error {
	fetches := d.Fetches
	for i, o := range others {
		if len(d.Fetches) == 0 || len(fetches) > 1 {
			break
		}
		if o.Receipt == d.Receipt && i+1 < len(others) && others[i+1].Application == d.Application {
			earlier, err := s.store.Find(ctx, others[i+1].Receipt)
			if err != nil {
				return err
			}
			fetches = append(append([]ppm.Fetch{}, earlier.Fetches...), fetches...)
		}
	}
	if len(fetches) < 2 {
		return nil
	}
	before, last := fetches[len(fetches)-2], fetches[len(fetches)-1]
	all, ok := changes(before.Data, last.Data)
	if !ok {
		return nil
	}
	v.Compared = fmt.Sprintf("Since it was fetched on %s", before.At.Local().Format("2 January 2006, 15:04"))
	for _, c := range all {
		if c.Personal && veiled {
			v.Veiled = true
			c.Was, c.Is = veil(c.Was), veil(c.Is)
		}
		v.Changed = append(v.Changed, changeView{c.Path, c.Was, c.Is})
	}
	return nil
}

// steps are the points of the timeline of one notification.
func steps(d ppm.Detail, now time.Time) []stepView {
	received := momentAt(d.ReceivedAt, now)
	all := []stepView{{
		Tone: "good", Icon: "inbox", Title: "Received, kept on disk and acknowledged", Text: "from " + d.From, When: &received,
	}}
	if n := len(d.History); n > 1 {
		last := momentAt(d.History[n-1].At, now)
		all = append(all, stepView{Tone: "calm", Icon: "again", Title: "Sent again by Clearmatch", Text: count(int64(n-1), "time", "times") + "; it was kept once", When: &last})
	}
	if d.Fetching != nil {
		all = append(all, fetchStep(*d.Fetching, d.ReceivedAt, now))
	}
	var wanted, unwanted []string
	for _, to := range d.Deliveries {
		if to.State == ppm.NotWanted {
			unwanted = append(unwanted, to.Name)
		} else {
			wanted = append(wanted, to.Name)
		}
	}
	switch {
	case len(wanted) > 0:
		all = append(all, stepView{Tone: "good", Icon: "fork", Title: "Wanted by " + strings.Join(wanted, ", "), Text: notFor(unwanted)})
	case len(unwanted) > 0:
		all = append(all, stepView{Tone: "calm", Icon: "fork", Title: "Wanted by nobody", Text: notFor(unwanted)})
	case d.Status == ppm.Queued:
		all = append(all, stepView{Tone: "wait", Icon: "fork", Title: "About to be passed on", Text: "It is being looked at which clients want it."})
	default:
		all = append(all, stepView{Tone: "calm", Icon: "fork", Title: "Kept, and passed on to nobody", Text: "There were no clients when it arrived, or it was erased first."})
	}
	for _, to := range d.Deliveries {
		if to.State != ppm.NotWanted {
			all = append(all, deliveryStep(to, d.ReceivedAt, now))
		}
	}
	return all
}

func notFor(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "not by " + strings.Join(names, ", ")
}

func fetchStep(f ppm.DeliveryDetail, received, now time.Time) stepView {
	s := deliveryStep(f, received, now)
	s.Icon = "fetch"
	switch f.State {
	case ppm.Delivered:
		s.Title = "Application fetched from Clearmatch"
	case ppm.GaveUp:
		s.Title = "Could not get the application from Clearmatch"
	default:
		s.Title = "Getting the application from Clearmatch"
	}
	return s
}

func deliveryStep(d ppm.DeliveryDetail, received, now time.Time) stepView {
	c := deliveryChip(d.Delivery, d.Held, now)
	s := stepView{Tone: c.Tone, Icon: c.Icon, Title: d.Name + ": " + c.Word, Error: d.Error}
	switch d.State {
	case ppm.Delivered:
		s.Title = "Delivered to " + d.Name
		s.Text = took(d.Changed.Sub(received)) + " after it was received"
		if d.Attempts > 1 {
			s.Text += fmt.Sprintf(", at the %s try", ordinal(d.Attempts))
		}
		s.Error = ""
	case ppm.GaveUp:
		if d.Error != "" {
			s.Text = troubleOf("It", d.Error) + ". " + causeOf(d.Error).Remedy
		}
	case ppm.Waiting:
		if d.Attempts > 0 {
			s.Text = count(int64(d.Attempts), "try", "tries") + " so far"
		}
		return s
	case ppm.NeedsData:
		return s
	}
	when := momentAt(d.Changed, now)
	s.When = &when
	return s
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
