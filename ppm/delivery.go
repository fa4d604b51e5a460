package ppm

import (
	"errors"
	"fmt"
	"time"
)

// A DeliveryName names a delivery: one notification on its way to one client.
// There is at most one of each, for ever.
type DeliveryName struct {
	Receipt Receipt `json:"receipt"`
	Client  int64   `json:"client"`
}

// Key returns what every attempt at the delivery carries, so that who takes it
// knows what it has had already, as in "1042-7KQ2M9XD-3". It can be a file's name.
func (n DeliveryName) Key() string { return fmt.Sprintf("%s-%d", n.Receipt, n.Client) }

// A State is what has become of a notification and a client.
type State string

const (
	Waiting   State = "waiting"          // for its next attempt, or for another delivery of its application
	NeedsData State = "waiting_for_data" // cannot be decided or delivered before the application has been fetched
	Delivered State = "delivered"
	GaveUp    State = "gave_up"    // a dead letter: nobody tries again unless told to
	NotWanted State = "not_wanted" // by none of the client's rules
)

// A Delivery is one notification on its way to one client, or why it is not.
//
// A client that is held has waiting deliveries that nobody claims; they are
// counted and shown as held.
type Delivery struct {
	DeliveryName
	Application string `json:"application"`
	State       State  `json:"state"`
	Reason      string `json:"reason"`         // why it is wanted, or not, or must wait
	Rule        int64  `json:"rule,omitempty"` // the rule that decided; 0: none did

	Attempts     int       `json:"attempts"`              // made in all
	Failed       int       `json:"failed"`                // in a row, since it was last sent on its way
	FirstAttempt time.Time `json:"firstAttempt,omitzero"` // since then
	NextAttempt  time.Time `json:"nextAttempt,omitzero"`  // zero while it waits for another one, and when nothing is left to do
	Error        string    `json:"error,omitempty"`       // of the last attempt that failed
	Changed      time.Time `json:"changed"`               // when its state last became what it is

	// Claim is the lease: only who holds it may record the attempt. 0: nobody.
	Claim int64 `json:"-"`
}

// ErrInterrupted ends an attempt that we cut off ourselves, by stopping. It
// counts for nothing.
var ErrInterrupted = errors.New("cut off by our own stop")

// ErrOvertaken: what was to be changed is not any more what the caller thinks
// it is; look again.
var ErrOvertaken = errors.New("overtaken")

// A PermanentError is a failure that no further attempt can mend, such as a
// client that answers 410 Gone. It makes a dead letter at once.
type PermanentError struct{ Err error }

func (e PermanentError) Error() string { return e.Err.Error() }
func (e PermanentError) Unwrap() error { return e.Err }

// A LaterError is a failure of somebody who said when to come back.
type LaterError struct {
	Err   error
	After time.Duration // from now
}

func (e LaterError) Error() string { return e.Err.Error() }
func (e LaterError) Unwrap() error { return e.Err }

// A ParticularError is a failure that lies in this one delivery and says nothing
// against the client, which others may well reach: its data cannot be read, or
// a program ended with an exit status that is about what it was given.
type ParticularError struct{ Err error }

func (e ParticularError) Error() string { return e.Err.Error() }
func (e ParticularError) Unwrap() error { return e.Err }

// Attempted returns d as it stands after an attempt that began at began and
// ended at ended with err, nil if it was delivered. jitter is for [Backoff.After].
func (d Delivery) Attempted(began, ended time.Time, err error, b Backoff, jitter float64) Delivery {
	d.NextAttempt, d.Claim = time.Time{}, 0
	if errors.Is(err, ErrInterrupted) {
		d.NextAttempt = ended
		return d
	}
	d.Attempts++
	if d.FirstAttempt.IsZero() || d.FirstAttempt.After(began) { // the clock may have been put back
		d.FirstAttempt = began
	}
	if err == nil {
		d.State, d.Error, d.Changed = Delivered, "", ended
		return d
	}
	d.Failed++
	d.Error = err.Error()
	var final PermanentError
	if errors.As(err, &final) || ended.Sub(d.FirstAttempt) >= b.GiveUp && d.Failed >= b.Fewest() {
		d.State, d.Changed = GaveUp, ended
		return d
	}
	wait := b.After(d.Failed, jitter)
	var later LaterError
	if errors.As(err, &later) {
		wait = max(wait, min(later.After, b.Longest))
	}
	d.NextAttempt = ended.Add(wait)
	return d
}

// A Parcel is what a client is given with an attempt.
type Parcel struct {
	Delivery
	Key          string
	Notification Notification
	ReceivedAt   time.Time
	Body         []byte    // as it was posted; nil once it has been erased or has expired
	Data         []byte    // the application's, as it was last fetched; nil: not there
	DataAt       time.Time // when it was fetched

	// Undecided, for [ClearmatchAPI] only, are the clients of this notification
	// that wait for the data to be fetched.
	Undecided []int64
}

// A Response is what a client said to an attempt.
type Response struct {
	Status  int    // of HTTP, or a program's exit status; 0: none
	Excerpt []byte // what it said, cut to what is worth keeping

	// What [ClearmatchAPI] brings back: the application's data, and what the
	// clients that waited for it want now.
	Data      []byte
	Decisions []Decision
}

// An Attempt is one try at a delivery and what came of it.
type Attempt struct {
	Before   Delivery // as it was claimed
	After    Delivery // as [Delivery.Attempted] says
	Began    time.Time
	Took     time.Duration
	Response Response
	Err      error // nil: delivered
}

// Failing returns how many attempts have failed in a row after a, if before have
// failed before it. A failure that is about the delivery does not count; with a
// status it even shows that the client is there, as a 410 does.
func (a Attempt) Failing(before int) int {
	var final PermanentError
	var particular ParticularError
	switch {
	case a.Err == nil:
		return 0
	case errors.Is(a.Err, ErrInterrupted):
		return before
	case errors.As(a.Err, &final), errors.As(a.Err, &particular):
		if a.Response.Status != 0 {
			return 0
		}
		return before
	}
	return before + 1
}

// An AttemptSummary is an attempt as it is kept.
type AttemptSummary struct {
	Began   time.Time     `json:"began"` // UTC
	Took    time.Duration `json:"took"`  // nanoseconds
	Status  int           `json:"status,omitempty"`
	Error   string        `json:"error,omitempty"`
	Excerpt []byte        `json:"excerpt,omitempty"` // in JSON as base64: it need not be text
}

// A DeliveryDetail is a delivery with every attempt, oldest first.
type DeliveryDetail struct {
	Delivery
	Key  string           `json:"key"`
	Name string           `json:"name"` // the client's
	Held bool             `json:"held"`
	Made []AttemptSummary `json:"made"`
}
