package client

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"processmanager/ppm"
)

type emailSettings struct {
	To         []string      `name:"to" help:"Who gets it. All are named in the one message. Make a client for each who shall be told even when another cannot be." example:"[\"ann@lender.example\"]"`
	From       string        `name:"from" help:"The sender's address, one that the mail server lets this account use." example:"Partner Process Manager <ppm@lender.example>"`
	Host       string        `name:"host" help:"The mail server." example:"smtp.lender.example"`
	Port       int           `name:"port" help:"Its port. Without a word, 587 for starttls, 465 for tls, 25 for none." example:"587"`
	Encryption string        `name:"encryption" default:"starttls" help:"\"starttls\": encrypted after a greeting, and never sent otherwise; \"tls\": encrypted from the first byte; \"none\": only to a mail server on this machine." example:"tls"`
	CA         string        `name:"ca" help:"A file (PEM) with the certificates to trust, by its whole path, where the mail server's comes from no public authority." example:"/etc/ssl/office-ca.pem"`
	User       string        `name:"user" help:"The account at the mail server. Without one, nobody logs in." example:"ppm@lender.example"`
	Password   string        `name:"password" secret:"true" help:"The account's password."`
	Subject    string        `name:"subject" help:"A template, of which one line is made." example:"{{.notification.eventDescription}} {{.notification.id}}"`
	Text       string        `name:"text" help:"A template for the text. The values are those of \"template\" for other kinds. Without a word, the text names the application and how to look at the notification, and nothing personal." example:"Application {{.notification.id}} is {{.notification.eventDescription}}."`
	Timeout    time.Duration `name:"timeout" default:"1m" help:"How long handing the message over may take." example:"30s"`
}

// What is written where nobody says otherwise. It tells who can look at the
// data where that is, since e-mail is read by many on its way.
const (
	defaultSubject = "Clearmatch: {{.notification.notificationType}} {{.notification.eventDescription}} {{.notification.id}}"
	defaultText    = `Clearmatch has told of something about an application.

Application:  {{.notification.id}}
Type:         {{.notification.notificationType}}
Event:        {{.notification.eventDescription}}
Receipt:      {{.receipt}}

To see it, on the machine that took it:  ppm show {{.receipt}}
`
)

// An emailWay reaches a client by e-mail.
type emailWay struct {
	to            []*mail.Address
	from          *mail.Address
	subject, text *Template
	timeout       time.Duration
	server        mailServer
}

func openEmail(c ppm.Client, settings any, _ Options) (Way, Faults) {
	s := settings.(*emailSettings)
	var faults Faults
	e := emailWay{timeout: s.Timeout, server: newMailServer(s, &faults)}
	if len(s.To) == 0 {
		faults.add("to", "missing", `write who gets it, such as ["ann@lender.example"]`)
	}
	for _, to := range s.To {
		e.to = append(e.to, address("to", to, &faults))
	}
	e.from = address("from", s.From, &faults)
	e.subject = emailTemplate("subject", s.Subject, defaultSubject, c.Data, &faults)
	e.text = emailTemplate("text", s.Text, defaultText, c.Data, &faults)
	checkTimeout(&faults, s.Timeout)
	return e, faults
}

// address reads an address, whose name may be in front.
func address(setting, text string, faults *Faults) *mail.Address {
	a, err := mail.ParseAddress(text)
	switch {
	case err != nil:
		faults.add(setting, fmt.Sprintf("%q is no e-mail address", text), "write one such as ann@lender.example or Ann <ann@lender.example>")
	case strings.ContainsFunc(a.Address, func(r rune) bool { return r <= ' ' || r > '~' }):
		faults.add(setting, fmt.Sprintf("not every mail server takes %q", text), "write an address of letters without accents; a domain with accents has a spelling that begins with xn--")
	}
	return a
}

func emailTemplate(setting, text, standard string, data bool, faults *Faults) *Template {
	if text == "" {
		text = standard
	}
	t, err := ParseTemplate(text, "text/plain")
	switch {
	case err != nil:
		faults.add(setting, err.Error(), "mend it there")
	case t.NeedsData() && !data:
		faults.add(setting, "it uses .application, but the client does not get the application's data", "let the data go with each delivery, or leave .application out")
	}
	return t
}

// Deliver hands one message to the mail server.
func (e emailWay) Deliver(ctx context.Context, p ppm.Parcel) (ppm.Response, error) {
	if p.Body == nil {
		return ppm.Response{}, ppm.PermanentError{Err: errErased}
	}
	message, err := e.message(p, time.Now())
	if err != nil {
		return ppm.Response{}, ppm.PermanentError{Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	return e.server.send(ctx, e.from.Address, addresses(e.to), message)
}

// Close has nothing to let go of.
func (e emailWay) Close() error { return nil }

func addresses(all []*mail.Address) []string {
	var bare []string
	for _, a := range all {
		bare = append(bare, a.Address)
	}
	return bare
}
