package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"processmanager/ppm"
)

// payloadSettings is what every kind that sends something is told about it.
type payloadSettings struct {
	Body        string `name:"body" help:"What is sent: \"notification\", the bytes as Clearmatch posted them; \"application\", a JSON object with notification and application data; or \"template\". Without a word, \"application\" for a client that gets the data and \"notification\" for others." example:"application"`
	Template    string `name:"template" help:"A text with {{…}} where values go: .notification, .application, .key, .receipt, .receivedAt. Each is written so that it stays a value, whatever is in it." example:"{\"number\":{{.notification.id}}}"`
	ContentType string `name:"contentType" help:"The type of what is sent. With a template it decides how values are written: JSON, form, CSV, HTML, XML or plain text. Without a word, application/json." example:"text/csv"`
}

// What can be sent of a parcel.
const (
	bodyNotification = "notification"
	bodyApplication  = "application"
	bodyTemplate     = "template"
)

const defaultContentType = "application/json"

// A payload makes what is sent of a parcel: the same bytes for every attempt at
// a delivery, as long as the data has not been fetched anew.
type payload struct {
	body        string
	template    *Template // for bodyTemplate only
	contentType string
}

// newPayload checks s for a client that gets the application's data, or not.
func newPayload(s payloadSettings, data bool, faults *Faults) payload {
	p := payload{body: s.Body, contentType: s.ContentType}
	if p.body == "" {
		p.body = bodyNotification
		switch {
		case s.Template != "":
			p.body = bodyTemplate
		case data:
			p.body = bodyApplication
		}
	}
	if p.contentType == "" {
		p.contentType = defaultContentType
	}
	if s.ContentType != "" && !isContentType(s.ContentType) {
		faults.add("contentType", strconv.Quote(s.ContentType)+" is no content type", `write one such as "application/json" or "text/csv; charset=utf-8"`)
		return p
	}
	switch {
	case p.body != bodyNotification && p.body != bodyApplication && p.body != bodyTemplate:
		faults.add("body", strconv.Quote(p.body)+" is nothing that can be sent", `choose "notification", "application" or "template"`)
	case p.body != bodyTemplate && s.Template != "":
		faults.add("template", "not used, because body is "+strconv.Quote(p.body), `write "template" for body, or leave the template out`)
	case p.body == bodyTemplate && s.Template == "":
		faults.add("template", "missing", `write a text with {{…}} where values go, or choose another body`)
	case p.body == bodyTemplate:
		t, err := ParseTemplate(s.Template, p.contentType)
		switch {
		case err != nil:
			faults.add("template", err.Error(), "mend it there")
		case t.NeedsData() && !data:
			faults.add("template", "it uses .application, but the client does not get the application's data", "let the data go with each delivery, or leave .application out")
		}
		p.template = t
	}
	return p
}

// errErased says why there is nothing to send any more.
var errErased = errors.New("nothing is left to send: the notification's body has been erased or its time was over")

// of returns what to send of p. An error is a [ppm.PermanentError]: the same
// parcel would come to the same again.
func (pl payload) of(p ppm.Parcel) ([]byte, error) {
	if p.Body == nil {
		return nil, ppm.PermanentError{Err: errErased}
	}
	var (
		body []byte
		err  error
	)
	switch pl.body {
	case bodyNotification:
		return p.Body, nil
	case bodyApplication:
		body, err = Envelope(p)
	default:
		body, err = pl.template.Execute(p)
	}
	if err != nil {
		return nil, ppm.PermanentError{Err: err}
	}
	return body, nil
}

// Envelope returns p as one JSON object: key, receipt, receivedAt,
// notification, application, fetchedAt. The notification has its six documented
// members; the application is there byte for byte as it was fetched, so that
// every digit stays, or null where there is none.
func Envelope(p ppm.Parcel) ([]byte, error) {
	notification, err := jsonText(p.Notification)
	if err != nil {
		return nil, fmt.Errorf("write the notification as JSON: %w", err)
	}
	data, fetched := []byte("null"), []byte("null")
	if p.Data != nil {
		if data, err = cleanJSON(p.Data); err != nil {
			return nil, err
		}
		fetched = strconv.AppendQuote(nil, timeText(p.DataAt))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"key":%q,"receipt":%q,"receivedAt":%q,"notification":%s,"application":`, p.Key, p.Receipt, timeText(p.ReceivedAt), notification)
	b.Write(data)
	fmt.Fprintf(&b, `,"fetchedAt":%s}`, fetched)
	return b.Bytes(), nil
}

// cleanJSON returns data without a byte-order mark and without space around it,
// if it is JSON.
func cleanJSON(data []byte) ([]byte, error) {
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if !json.Valid(data) || !utf8.Valid(data) {
		return nil, errors.New("the application's data, as it was fetched, is not JSON: look at it, and fetch it again")
	}
	return data, nil
}

// jsonText returns v as JSON without the escapes that only pages need.
func jsonText(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// timeText returns t as payloads have it.
func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
