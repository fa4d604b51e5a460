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
	Bodies      time.Duration // bodies, data and answers, after a notification is complete; 0: for ever
	DeadLetters time.Duration // the same, after something gave up on it; 0: for ever
}

// Ends returns when what is kept of a notification is to go that has come to s
// at since; zero: not as long as it stays so.
func (r Retention) Ends(s Status, since time.Time) time.Time {
	keep := r.Bodies
	switch s {
	case Queued:
		keep = 0
	case Failed:
		keep = r.DeadLetters
	}
	if keep <= 0 {
		return time.Time{}
	}
	return since.Add(keep)
}

// Shortest returns the shortest time that something is kept, 0 if all is for ever.
func (r Retention) Shortest() time.Duration {
	if r.Bodies <= 0 || r.DeadLetters > 0 && r.DeadLetters < r.Bodies {
		return max(0, r.DeadLetters)
	}
	return r.Bodies
}

// An Erased is what erasing one application, or the passing of time, removed.
type Erased struct {
	Notifications int64 `json:"notifications"` // whose bodies, data and answers went
	Rejections    int64 `json:"rejections"`
	Stopped       int64 `json:"stopped"` // deliveries that were still waiting
}
