package ui

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"processmanager/ppm"
)

// A lampView tells of one part of the program whether it works.
type lampView struct {
	Icon, Name string
	Tone       string
	Word       string // the state
	Detail     string
}

// lamps are the parts that have to work for a notification to arrive and go on.
func lamps(st Status, clients []Client, now time.Time) []lampView {
	return []lampView{
		addressLamp(st), certificateLamp(st, now), receivingLamp(st), loginLamp(st), clientsLamp(clients), backupLamp(st, now),
	}
}

func addressLamp(st Status) lampView {
	l := lampView{Icon: "globe", Name: "Address", Tone: "good", Word: "listening", Detail: st.Receiver}
	u, err := url.Parse(st.Receiver)
	if err == nil && (u.Hostname() == "localhost" || strings.HasPrefix(u.Hostname(), "127.")) {
		l.Detail = "port " + u.Port() + " of this computer"
	}
	return l
}

func certificateLamp(st Status, now time.Time) lampView {
	l := lampView{Icon: "shield", Name: "Certificate", Tone: "good", Word: "valid"}
	c := st.Certificate
	switch {
	case c == nil:
		return lampView{Icon: "shield", Name: "Certificate", Tone: "calm", Word: "not ours", Detail: "the proxy in front has it"}
	case c.Error != "":
		l.Tone, l.Word = "bad", "needs you"
	case len(c.Warnings) > 0:
		l.Tone, l.Word = "wait", "look at it"
	}
	l.Detail = fmt.Sprintf("until %s, %s", c.Until.Local().Format("2 Jan 2006"), count(int64(c.Until.Sub(now)/(24*time.Hour)), "day left", "days left"))
	return l
}

func receivingLamp(st Status) lampView {
	l := lampView{Icon: "inbox", Name: "Receiving", Tone: "good", Word: "yes", Detail: count(st.Accepted, "notification kept", "notifications kept")}
	if st.Health != Healthy {
		l.Tone, l.Word, l.Detail = "bad", "no", "Clearmatch is asked to send again"
	}
	return l
}

func loginLamp(st Status) lampView {
	l := lampView{Icon: "key", Name: "Clearmatch login", Tone: "good", Word: "works", Detail: "applications are fetched"}
	if st.API == "" {
		l.Tone, l.Word, l.Detail = "calm", "not set up", "applications are not fetched"
	}
	for _, d := range st.Down {
		if d.Client == ppm.ClearmatchAPI {
			l.Tone, l.Word, l.Detail = "bad", "fails", causeOf(d.Error).Title
		}
	}
	return l
}

func clientsLamp(clients []Client) lampView {
	l := lampView{Icon: "plug", Name: "Clients", Tone: "good", Word: "reached"}
	var there, down, held int64
	for _, c := range clients {
		if c.Removed != nil {
			continue
		}
		there++
		if c.Down {
			down++
		}
		if c.Held {
			held++
		}
	}
	l.Detail = count(there, "client", "clients")
	switch {
	case there == 0:
		l.Tone, l.Word, l.Detail = "calm", "none yet", "nobody is told of notifications"
	case down > 0:
		l.Tone, l.Word = "bad", fmt.Sprintf("%d not reached", down)
	case held > 0:
		l.Tone, l.Word = "held", fmt.Sprintf("%d held", held)
	}
	return l
}

// staleBackup is the age from which a backup is called old.
const staleBackup = 7 * 24 * time.Hour

func backupLamp(st Status, now time.Time) lampView {
	l := lampView{Icon: "database", Name: "Backup", Tone: "good", Word: "fresh"}
	if st.LastBackup == nil {
		l.Tone, l.Word, l.Detail = "wait", "never made", "make one with ppm backup"
		return l
	}
	l.Detail = ago(*st.LastBackup, now)
	if now.Sub(*st.LastBackup) > staleBackup {
		l.Tone, l.Word = "wait", "old"
	}
	return l
}
