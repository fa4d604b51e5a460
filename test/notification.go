//go:build linux

package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// six are the members that identify a notification.
type six struct {
	Application string `json:"id"`
	Content     string `json:"content"`
	Type        string `json:"notificationType"`
	Partner     string `json:"partnerCode"`
	Event       string `json:"eventDescription"`
	EventTime   string `json:"eventTime"`
}

// Four notifications in a row are about one application: whoever takes id for
// the key of a message loses three of them.
var events = []string{"", "Submitted", "Posted", "Funded"}

// firstEvent is when the notification 0 happened.
var firstEvent = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// A series is notifications without end, each unlike all others. It is the
// address below which their applications are; empty: the documented example's.
type series string

// nth returns the notification with the number n.
func (s series) nth(n int) six {
	application := fmt.Sprintf("A%07d", n/len(events))
	return six{
		Application: application,
		Content:     string(cmp.Or(s, "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/")) + application,
		Type:        "batchApplicationStatusChange",
		Partner:     "PROMISES",
		Event:       events[n%len(events)],
		EventTime:   firstEvent.Add(time.Duration(n/len(events)) * time.Second).Format("2006-01-02T15:04:05"),
	}
}

// number is the inverse of nth; false for a notification that nth never returns.
func (s series) number(of six) (int, bool) {
	application, err := strconv.Atoi(strings.TrimPrefix(of.Application, "A"))
	event := slices.Index(events, of.Event)
	n := application*len(events) + event
	return n, err == nil && application >= 0 && event >= 0 && s.nth(n) == of
}

// variants is how many different bodies there are of each notification. They
// differ outside the six members, so that they are redeliveries of each other.
const variants = 2

// body returns the bytes posted for the notification n: the same for the same
// three numbers, so that nobody has to keep them. It is at least size long.
func (s series) body(n, variant, size int) []byte {
	b, err := json.Marshal(struct {
		six
		Variant int    `json:"variant"`
		Padding string `json:"padding,omitempty"`
	}{s.nth(n), variant, padding(n, size-300)})
	if err != nil {
		panic(err)
	}
	return b
}

func padding(n, size int) string {
	if size <= 0 {
		return ""
	}
	word := fmt.Sprintf("%08x ", uint32(n)*2654435761)
	return strings.Repeat(word, size/len(word)+1)
}

// A hash is the SHA-256 of a body.
type hash = [sha256.Size]byte

func parseHash(s string) (h hash, err error) {
	b, err := hex.DecodeString(s)
	if err == nil && len(b) != len(h) {
		err = fmt.Errorf("%q is not a SHA-256", s)
	}
	copy(h[:], b)
	return h, err
}
