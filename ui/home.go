package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"processmanager/ppm"
)

// A homeView answers whether everything is all right.
type homeView struct {
	Tone, Icon string
	Sentence   string
	Lead       string
	Last       *momentView // when the newest notification arrived
	Lamps      []lampView
	Strip      stripView
	Cards      []cardView
	First      *firstView // nothing has arrived yet
}

// A firstView teaches what to do before anything has arrived.
type firstView struct{ Address string }

// A cardView is one need as it is shown.
type cardView struct {
	Heading string
	Line    string
	Said    string // what the client said, word for word
	Remedy  string
	Show    string // address of the list of what is kept back
	Client  string // its number
	Held    bool
	CanHold bool
	Fields  []field // for sending it all again
	Send    string  // "Send all 12"; "": nothing gave up
}

func (s *Server) home(r *http.Request) (page, error) {
	ctx, now := r.Context(), time.Now()
	st, err := s.status(ctx)
	if err != nil {
		return page{}, err
	}
	clients, err := s.store.Clients(ctx)
	if err != nil {
		return page{}, err
	}
	needs, err := s.needs(ctx, st, clients)
	if err != nil {
		return page{}, err
	}
	strip, err := s.strip(ctx, now)
	if err != nil {
		return page{}, err
	}
	newest, err := s.store.List(ctx, ppm.Page{Limit: 1})
	if err != nil {
		return page{}, err
	}
	v := newHomeView(st, clients, needs, newest, now)
	v.Strip = strip
	return page{Title: v.Sentence, Place: "/", Body: homePage(v)}, nil
}

// newHomeView is what home shows, but for the strip.
func newHomeView(st Status, clients []Client, needs []need, newest []ppm.Record, now time.Time) homeView {
	v := homeView{Tone: "good", Icon: "check", Sentence: "Everything is working."}
	things := int64(len(needs))
	if c := st.Certificate; c != nil && c.Error != "" {
		things++
		v.Cards = append(v.Cards, cardView{Heading: "The certificate needs you", Said: c.Error, Line: "good until " + c.Until.Local().Format("2 January 2006")})
	}
	for _, n := range needs {
		v.Cards = append(v.Cards, newCardView(n, now))
	}
	switch {
	case st.Health != Healthy:
		v.Tone, v.Icon, v.Sentence = "bad", "alert", "Not receiving."
		v.Lead = sentence(st.Health)
	case things == 1:
		v.Tone, v.Icon, v.Sentence = "wait", "alert", "One thing needs you."
	case things > 1:
		v.Tone, v.Icon, v.Sentence = "wait", "alert", fmt.Sprintf("%d things need you.", things)
	}
	if v.Lead == "" {
		v.Lead = "Notifications from Clearmatch are received, kept and passed on."
		if st.Notifications.Queued > 0 {
			v.Lead = count(st.Notifications.Queued, "notification is", "notifications are") + " on the way to your programs just now."
		}
	}
	if len(newest) > 0 {
		m := momentAt(newest[0].ReceivedAt, now)
		v.Last = &m
	} else {
		v.First = &firstView{Address: st.Receiver}
	}
	v.Lamps = lamps(st, clients, now)
	return v
}

func newCardView(n need, now time.Time) cardView {
	client := strconv.FormatInt(n.Client, 10)
	c := cardView{
		Heading: n.Name + " " + n.Cause.Title, Line: n.line(now), Said: n.Error, Remedy: n.Cause.Remedy,
		Client: client, Held: n.Held, CanHold: n.Client != ppm.ClearmatchAPI,
		Show:   "/notifications?" + url.Values{"q": {"is:needs-you"}}.Encode(),
		Fields: []field{{"client", client}, {"cause", n.Cause.Key}},
	}
	if c.CanHold {
		c.Show = "/notifications?" + url.Values{"q": {term{Key: "client", Value: n.Name}.text() + " is:needs-you"}}.Encode()
	}
	if n.GaveUp > 0 {
		c.Send = "Send all " + number(n.GaveUp)
		if n.GaveUp == 1 {
			c.Send = "Send it again"
		}
	}
	return c
}
