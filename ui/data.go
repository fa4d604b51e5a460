package ui

import (
	"time"
	"unicode/utf8"

	"processmanager/ppm"
)

// A documentView is text that somebody sent, as it came. What is personal in it
// is veiled until somebody asks to see it.
type documentView struct {
	Lines  []jsonLine // of JSON
	Text   string     // of anything else
	Veiled bool       // something is
	Cut    bool       // it goes on
	Size   string
}

// maxShown is how many bytes of a text that is not JSON are shown.
const maxShown = 64 << 10

// veil stands for a value that is veiled.
func veil(value string) string {
	if value == "" {
		return ""
	}
	return "•••••"
}

func newDocumentView(text string, veiled bool) documentView {
	v := documentView{Size: count(int64(len(text)), "byte", "bytes")}
	lines, cut, ok := jsonLines(text)
	if !ok {
		if veiled && text != "" {
			v.Veiled = true
			return v
		}
		if len(text) > maxShown {
			text, v.Cut = text[:maxShown], true
		}
		if !utf8.ValidString(text) {
			text = string([]rune(text)) // what is no text is shown as such
		}
		v.Text = text
		return v
	}
	v.Lines, v.Cut = lines, cut
	for i := range lines {
		if lines[i].Personal && veiled {
			lines[i].Value, v.Veiled = veil(lines[i].Value), true
		} else {
			lines[i].Personal = false
		}
	}
	return v
}

// A dataView is the application's data, each time that it was fetched.
type dataView struct {
	Fetches []fetchView // newest first
	Why     string      // there is none
}

type fetchView struct {
	When momentView
	documentView
}

func newDataView(d ppm.Detail, veiled bool, now time.Time) dataView {
	var v dataView
	for i := len(d.Fetches) - 1; i >= 0; i-- {
		f := d.Fetches[i]
		if f.Data != "" {
			v.Fetches = append(v.Fetches, fetchView{momentAt(f.At, now), newDocumentView(f.Data, veiled)})
		}
	}
	if len(v.Fetches) > 0 {
		return v
	}
	switch {
	case len(d.Fetches) > 0:
		v.Why = "It has been erased, or its time was over."
	case d.Fetching == nil:
		v.Why = "The application was not to be fetched: no client needs its data, or the login for Clearmatch is not set up."
	case d.Fetching.State == ppm.GaveUp:
		v.Why = "The application could not be got from Clearmatch. Retry fetches it again."
	default:
		v.Why = "The application is still being fetched."
	}
	return v
}
