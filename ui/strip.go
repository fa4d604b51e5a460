package ui

import (
	"context"
	"fmt"
	"math"
	"time"

	"processmanager/ppm"
)

// A stripView is the last 24 hours at a glance.
type stripView struct {
	Ticks []tickView
	Hours []hourView
	Total string
	Words string // what a screen reader says of it
}

// A tickView is one notification, or what arrived in half an hour where
// there are too many for ticks of their own. Numbers are of an SVG that is 960
// wide and 48 high.
type tickView struct {
	X, Y, Width, Height string
	Class               string
	Title               string
}

type hourView struct{ X, Text string }

const (
	stripWidth, stripHeight = 960, 48
	stripSpan               = 24 * time.Hour
	stripTicks              = 300 // more are shown by the half hour
	stripParts              = 48
)

func (s *Server) strip(ctx context.Context, now time.Time) (stripView, error) {
	since := now.Add(-stripSpan)
	all, err := s.book.Browse(ctx, ppm.Query{Since: since}, ppm.Page{Limit: stripTicks})
	if err != nil {
		return stripView{}, err
	}
	total, most := int64(len(all.Found)), int64(0)
	var pace []ppm.Stretch
	if all.Next != "" {
		if pace, err = s.book.Pace(ctx, since, now, stripParts); err != nil {
			return stripView{}, err
		}
		total = 0
		for _, p := range pace {
			total += p.Notifications
			most = max(most, p.Notifications)
		}
	}
	v := stripView{Total: count(total, "notification", "notifications")}
	failed, err := s.book.Browse(ctx, ppm.Query{State: ppm.GaveUp, Since: since}, ppm.Page{Limit: stripTicks})
	if err != nil {
		return stripView{}, err
	}
	v.Words = fmt.Sprintf("The last 24 hours: %s, %s.", v.Total, givenUp(failed))
	place := func(t time.Time) float64 { return stripWidth * float64(t.Sub(since)) / float64(stripSpan) }
	if pace == nil {
		for _, n := range all.Found {
			v.Ticks = append(v.Ticks, tickAt(place(n.ReceivedAt), 2, 28, "tick", at(n.Record)))
		}
	} else {
		for _, p := range pace {
			if p.Notifications > 0 {
				height := 6 + (stripHeight-6)*math.Sqrt(float64(p.Notifications)/float64(most))
				v.Ticks = append(v.Ticks, tickAt(place(p.From)+1, stripWidth/stripParts-2, height, "tick",
					p.From.Local().Format("15:04")+" · "+count(p.Notifications, "notification", "notifications")))
			}
		}
	}
	for _, n := range failed.Found {
		v.Ticks = append(v.Ticks, tickAt(place(n.ReceivedAt), 3, stripHeight, "tick bad", at(n.Record)+" · something gave up"))
	}
	for t := since.Local().Truncate(time.Hour).Add(time.Hour); t.Before(now); t = t.Add(time.Hour) {
		if t.Hour()%4 == 0 {
			v.Hours = append(v.Hours, hourView{fmt.Sprintf("%.1f", place(t)), t.Format("15:04")})
		}
	}
	return v, nil
}

func givenUp(f ppm.Finding) string {
	n := count(int64(len(f.Found)), "with something given up on", "with something given up on")
	if f.Next != "" {
		return "at least " + n
	}
	if len(f.Found) == 0 {
		return "nothing given up on"
	}
	return n
}

func at(r ppm.Record) string { return r.ReceivedAt.Local().Format("15:04") + " · " + r.Application }

func tickAt(x, width, height float64, class, title string) tickView {
	text := func(f float64) string { return fmt.Sprintf("%.1f", f) }
	return tickView{text(min(x, stripWidth-width)), text(stripHeight - height), text(width), text(height), class, title}
}
