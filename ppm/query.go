package ppm

import "time"

// A Query says which notifications are looked for: those that fit every member
// that is set.
type Query struct {
	Words       []string // each occurs, whole or as a beginning, in what can be searched
	Without     []string // none of these does
	Application string   // its number begins so
	Type        string   // notificationType begins so, or a word in it
	Status      Status
	NeedsYou    bool // something gave up, or waits for a client that is not reached
	Again       bool // it arrived more than once
	Held        bool // something waits for a client that is held

	Client int64 // wants it; 0: whoever
	State  State // of a delivery, to Client if that is set; "": any but not wanted

	Since, Until time.Time // when it arrived: not before, and before
}

// A Found is one of the notifications looked for, with what became of it.
type Found struct {
	Record
	Deliveries []Delivery // by client, the fetching included
}

// A Finding is a page of those found, newest first.
type Finding struct {
	Found  []Found
	Next   Receipt   // to go on after; "": there are no more
	Looked time.Time // how far back was looked, where Next is set though the page is not full
	Behind int64     // too new to be searched for words
}

// A Stretch is what arrived during some time.
type Stretch struct {
	From          time.Time
	Notifications int64
}

// ViewCounts are the numbers beside the views that [Counts] has none for. A
// number that has reached AtMost may be larger.
type ViewCounts struct {
	NeedsYou, Again int64
	AtMost          int64
}
