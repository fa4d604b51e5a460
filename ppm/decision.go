package ppm

import "time"

// A Decision says whether a client wants a notification, and why.
type Decision struct {
	Client  int64
	Outcome Outcome
	Reason  string // in words: "rule 7", "application.amount 4000 is not over 5000 (rule 7)"
	Rule    int64  // the rule that decided; 0: none did
}

// An Outcome is what a decision comes to.
type Outcome int

const (
	Wanted      Outcome = iota + 1
	Unwanted            // no rule of the client wants it
	Undecided           // the application's data must be there first, to decide or to deliver
	Undecidable         // a rule could not be applied: a dead letter, so that somebody looks
)

// A Route is what is to be done for one notification.
type Route struct {
	Receipt   Receipt
	Fetch     bool // the application's data
	Decisions []Decision
}

// A Fetch is the application's data as Clearmatch's API gave it at one time.
type Fetch struct {
	At   time.Time `json:"at"`   // UTC
	Data string    `json:"data"` // as it came, so that every digit stays; empty once erased or expired
}
