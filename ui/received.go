package ui

import (
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"processmanager/ppm"
)

// A receivedView is what Clearmatch sent, as it came.
type receivedView struct {
	Members  []field // the six documented ones
	Body     documentView
	SHA256   string
	Arrivals []arrivalView
	Curl     string // to post it once more; "": it is veiled, or gone
	Shell    string // the same for PowerShell
}

// An arrivalView is one time that it was posted.
type arrivalView struct {
	When    momentView
	From    string
	Same    bool // byte for byte as the first one
	Changed []changeView
	Body    *documentView // where the difference cannot be told otherwise
}

func newReceivedView(d ppm.Detail, st Status, veiled bool, now time.Time) receivedView {
	v := receivedView{
		Members: []field{
			{"id", d.Application}, {"notificationType", d.Type}, {"partnerCode", d.Partner},
			{"eventDescription", d.Event}, {"eventTime", d.EventTime}, {"content", d.Content},
		},
		Body: newDocumentView(d.Body, veiled), SHA256: d.BodySHA256,
	}
	for i, a := range d.History {
		av := arrivalView{When: momentAt(a.At, now), From: a.From, Same: i == 0 || a.Body == nil}
		if !av.Same {
			av.differ(d.Body, *a.Body, veiled)
		}
		v.Arrivals = append(v.Arrivals, av)
	}
	if d.Body != "" && !v.Body.Veiled {
		v.Curl, v.Shell = asCurl(d.Body, st.Receiver), asPowerShell(d.Body, st.Receiver)
	}
	return v
}

// differ tells how a further arrival differs from the first.
func (v *arrivalView) differ(first, this string, veiled bool) {
	all, ok := changes(first, this)
	if !ok || len(all) == 0 { // not JSON, or written in another way
		body := newDocumentView(this, veiled)
		v.Body = &body
		return
	}
	for _, c := range all {
		if c.Personal && veiled {
			c.Was, c.Is = veil(c.Was), veil(c.Is)
		}
		v.Changed = append(v.Changed, changeView{c.Path, c.Was, c.Is})
	}
}

// asCurl returns a command that posts body to the receiver. What a shell might
// obey instead of passing on is wrapped up: a body is a stranger's text.
func asCurl(body, receiver string) string {
	post := "curl --user clearmatch --header 'Content-Type: application/json'" + ownCertificate(receiver, " --insecure") +
		" --data-binary @- " + quotedFor(receiver)
	if isPlain(body) {
		return "printf %s " + quotedFor(body) + " |\n  " + post
	}
	return "echo " + base64.StdEncoding.EncodeToString([]byte(body)) + " | base64 --decode |\n  " + post
}

// quotedFor returns text as one word of a POSIX shell.
func quotedFor(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// asPowerShell is [asCurl] for PowerShell 7.
func asPowerShell(body, receiver string) string {
	return "$body = [Convert]::FromBase64String('" + base64.StdEncoding.EncodeToString([]byte(body)) + "')\n" +
		"Invoke-RestMethod -Method Post -Uri '" + strings.ReplaceAll(receiver, "'", "''") + "' -Credential (Get-Credential clearmatch)" +
		" -ContentType 'application/json' -Body $body" + ownCertificate(receiver, " -SkipCertificateCheck")
}

// ownCertificate returns what has a certificate not checked that this computer
// has made for itself and shows to itself.
func ownCertificate(receiver, flag string) string {
	u, err := url.Parse(receiver)
	if err != nil || u.Scheme != "https" || !isLoopback(u.Hostname()) {
		return ""
	}
	return flag
}

// isPlain reports whether text has nothing in it that a terminal would obey.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < ' ' && c != '\n') || c > '~' {
			return false
		}
	}
	return true
}
