package ppm

import (
	"encoding/json"
	"time"
)

// A Client is one of the partner's programs that wants notifications, and how
// to reach it. What it wants is in its subscriptions.
type Client struct {
	Number int64  `json:"client"` // 0 until it is kept; never given out again
	Name   string `json:"name"`   // for people; no two that are not removed have the same, however it is capitalised
	Kind   Kind   `json:"kind"`

	// Settings are what the kind needs to know, as a JSON object. Secrets are
	// apart, by the name of the setting, so that nothing that shows a Client
	// shows them.
	Settings json.RawMessage   `json:"settings"`
	Secrets  map[string]string `json:"-"`

	// WaitsForSecrets: its secrets are encrypted and cannot be read at present,
	// so that nothing leaves until they can. It is found out, not kept.
	WaitsForSecrets bool `json:"waitsForSecrets,omitempty"`

	// Data: the application's data goes with each delivery, which waits for it.
	Data bool `json:"data"`

	// Ordered: deliveries of one application go one after another, in the order
	// in which the notifications arrived.
	Ordered bool `json:"ordered"`

	Backoff     Backoff `json:"backoff"`
	Concurrency int     `json:"concurrency"` // attempts at one time, at least 1
	PerMinute   int     `json:"perMinute"`   // attempts a minute; 0: as many as come

	Held    bool       `json:"held"`    // nothing leaves until it is resumed
	Created time.Time  `json:"created"` // UTC
	Removed *time.Time `json:"removed,omitempty"`

	ClientHealth
}

// A ClientHealth is how a client has been doing. The store keeps it; saving a
// client does not change it.
type ClientHealth struct {
	Waiting   int64 `json:"waiting"` // deliveries, those that wait for data included
	Delivered int64 `json:"delivered"`
	GaveUp    int64 `json:"gaveUp"`

	Failing       int        `json:"failing"` // attempts that failed since the last one that did not
	FailingSince  *time.Time `json:"failingSince,omitempty"`
	LastError     string     `json:"lastError,omitempty"`
	LastDelivered *time.Time `json:"lastDelivered,omitempty"`
}

// A Kind is a way to reach a client.
type Kind string

const (
	WebAddress Kind = "web"     // an HTTP request
	Program    Kind = "program" // a process of this machine
	Folder     Kind = "folder"  // a file
	Email      Kind = "email"
)

// ClearmatchAPI is the number of the client that is none: under it the store
// keeps the fetching of applications, which is a delivery like any other but
// that it brings something back. It has no subscriptions and is in no counts.
const ClearmatchAPI = 0

// DownAfter is how many attempts must fail in a row for a client to be called
// down. It is then tried by one delivery at a time.
const DownAfter = 5

// Down reports whether the client is not reached at present.
func (h ClientHealth) Down() bool { return h.Failing >= DownAfter }

// A Subscription is something that a client wants. A client gets a
// notification if any of its subscriptions wants it.
type Subscription struct {
	Number int64 `json:"subscription"` // 0 until it is kept
	Client int64 `json:"client"`
	Rule
}

// A Rule says which notifications are wanted: those that fit every member that
// is not empty. Rules are never changed; another takes their place, so that a
// decision can name the one it was made by.
type Rule struct {
	Number  int64     `json:"rule"`              // 0 until it is kept; counts through all subscriptions
	Type    string    `json:"type,omitempty"`    // notificationType, compared exactly
	Event   string    `json:"event,omitempty"`   // eventDescription
	Partner string    `json:"partner,omitempty"` // partnerCode
	When    string    `json:"when,omitempty"`    // an expression over notification and application
	Since   time.Time `json:"since"`             // when it came into force, UTC
}
