// Package ppm is the domain: the words the whole program shares, and the
// decisions that need neither a disk nor a network nor a clock. It imports the
// standard library only.
package ppm

import "time"

// A Notification is what Clearmatch posts when something happens to a loan
// application: the six documented members, as decoded, neither trimmed nor
// folded. Absent, null and empty are the same: "".
//
// Application is the number of the application the message is about, not of
// the message: one application is the subject of many notifications. What
// identifies a notification is all six together, see [Notification.Identity].
type Notification struct {
	Application string `json:"id"`
	Type        string `json:"notificationType"`
	Partner     string `json:"partnerCode"`
	Event       string `json:"eventDescription"`
	EventTime   string `json:"eventTime"` // as sent; Clearmatch gives no zone
	Content     string `json:"content"`   // address of the application in Clearmatch's API
}

// An Arrival is one POST that carried a notification. The same notification
// may arrive many times; each arrival may differ outside the six members.
type Arrival struct {
	Notification
	Body []byte    // the bytes that came, a byte-order mark included
	At   time.Time // when they had been read
	From string    // the sender's address, without the port
}

// An Acknowledgement is what the sender is told once an arrival is on disk.
type Acknowledgement struct {
	Receipt    Receipt
	Redelivery bool // the notification had been stored before
}

// A Rejection is a body that came with the right credentials but could not be
// used. It is kept so that a person can see why, mend it and accept it.
type Rejection struct {
	ID     int64     `json:"rejection"` // 0 until it is kept
	At     time.Time `json:"at"`
	From   string    `json:"from"`
	Status int       `json:"answered"` // 400 or 422
	Reason string    `json:"reason"`   // what was told to the sender
	Line   int       `json:"line,omitempty"`
	Column int       `json:"column,omitempty"` // both from 1; 0 where there is no place to point at
	Body   []byte    `json:"body,omitempty"`   // as it came, which may not be text: in JSON as base64
}

// A Record is a notification as the store keeps it: one line of a list.
type Record struct {
	Receipt Receipt `json:"receipt"`
	Notification
	ReceivedAt time.Time `json:"receivedAt"` // UTC
	Arrivals   int64     `json:"arrivals"`   // the first one included
	BodySHA256 string    `json:"bodySha256"` // of the bytes first received, in hexadecimal
	Status     Status    `json:"status"`
}

// A Detail is all there is to know about one notification.
type Detail struct {
	Record
	From string `json:"from"` // who sent it first
	// Body is what came first, as text so that not a byte of it changes;
	// empty once it has been erased or has expired.
	Body    string           `json:"body"`
	History []ArrivalSummary `json:"history"` // every arrival, oldest first

	Fetches    []Fetch          `json:"fetches"`            // the application's data, oldest first
	Fetching   *DeliveryDetail  `json:"fetching,omitempty"` // how that went; nil: it was not to be fetched
	Deliveries []DeliveryDetail `json:"deliveries"`         // by client
	Erased     bool             `json:"erased,omitempty"`   // by a person, or because its time was over
}

// An ArrivalSummary is one arrival of a notification already kept.
type ArrivalSummary struct {
	At         time.Time `json:"at"`
	From       string    `json:"from"`
	BodySHA256 string    `json:"bodySha256"`
	Body       *string   `json:"body,omitempty"` // only where it differs from the first
}
