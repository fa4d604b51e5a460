package ppm

import "time"

// An Action is something that a person did, as the audit log keeps it.
type Action struct {
	Number  int64     `json:"action"` // 0 until it is kept
	At      time.Time `json:"at"`     // UTC
	By      string    `json:"by"`     // the account, as this machine calls it
	What    string    `json:"what"`   // "client added", "retried", "erased", …
	About   string    `json:"about"`  // a client's name, a receipt, an application's number, a search
	Details string    `json:"details,omitempty"`
}

// A Retention says how long what is personal is kept. Identities stay for ever.
type Retention struct {
	Bodies      time.Duration // bodies, data and answers, after a notification is complete
	DeadLetters time.Duration // the same, after something gave up on it
}

// An Erased is what erasing one application, or the passing of time, removed.
type Erased struct {
	Notifications int64 `json:"notifications"` // whose bodies, data and answers went
	Rejections    int64 `json:"rejections"`
	Stopped       int64 `json:"stopped"` // deliveries that were still waiting
}
