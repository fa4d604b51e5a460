package ppm

import "time"

// A Selection says which deliveries to send on their way again. All that is
// set must hold.
type Selection struct {
	Receipts []Receipt `json:"receipts,omitempty"` // of these notifications; empty: of all
	Search   string    `json:"search,omitempty"`   // whose notifications have these words
	Since    time.Time `json:"since,omitzero"`     // whose notifications arrived at this time or later
	Client   int64     `json:"client,omitempty"`   // to this client; 0: to all

	// Dead: only dead letters, those whose data could not be fetched included.
	// Otherwise all that is not on its way.
	Dead bool `json:"dead,omitempty"`

	// Missing: only what the client's rules as they are now want and it has not
	// got, whether or not it was wanted then.
	Missing bool `json:"missing,omitempty"`

	// Confirmed: also what the client has confirmed.
	Confirmed bool `json:"confirmed,omitempty"`
}

// A Resending is one delivery on its way again, or what stood against it.
type Resending struct {
	DeliveryName
	Application string `json:"application"`
	Name        string `json:"name"`              // the client's
	From        State  `json:"from"`              // what it was; "" where there was none
	Refused     string `json:"refused,omitempty"` // why it was left as it is; "": it is waiting again
}
