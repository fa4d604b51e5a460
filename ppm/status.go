package ppm

import "time"

// A Status says how far the work on a notification has come, in the words of
// Clearmatch's own partner notification queue.
type Status string

const (
	Queued   Status = "queued"   // something is left to do for it
	Complete Status = "complete" // nothing is left to do, and nothing gave up
	Failed   Status = "failed"   // something gave up on it
)

// Counts is the state of the whole store in numbers, each of them maintained
// or bounded, never counted over all notifications.
type Counts struct {
	Accepted      int64 `json:"accepted"`     // notifications
	Redeliveries  int64 `json:"redeliveries"` // further arrivals of notifications already kept
	Rejected      int64 `json:"rejected"`     // rejections kept
	Notifications struct {
		Queued   int64 `json:"queued"`
		Complete int64 `json:"complete"`
		Failed   int64 `json:"failed"`
	} `json:"notifications"`
	Deliveries DeliveryCounts `json:"deliveries"`
}

// DeliveryCounts are the deliveries in numbers. Those that wait for a client
// that is held count as held.
type DeliveryCounts struct {
	Waiting   int64 `json:"waiting"`
	Delivered int64 `json:"delivered"`
	GaveUp    int64 `json:"gave_up"`
	Held      int64 `json:"held"`
}

// ClockSlack is how far times of arrival may go back from one notification to
// the next, as when the clock was put right in between. Who looks back to a
// time looks so much further.
const ClockSlack = 10 * time.Minute

// A Page asks for part of a list by the place where the last part ended, so
// that the ten-millionth row costs no more than the first.
type Page struct {
	After       Receipt // the last one already seen; "" starts at the beginning
	Limit       int     // at most so many
	OldestFirst bool    // default: newest first
}
