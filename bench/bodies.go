package main

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"processmanager/ppm"
)

// bodies makes notifications in the shape of the documented sample, no two of
// them alike. Applications' numbers rise and four events happen a second, as
// they would arrive; spread, nothing about one follows from the last.
type bodies struct {
	spread bool
	n      atomic.Int64
}

var (
	firstEvent = time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
	events     = [...]string{"Posted", "Accepted", "Settled", "Withdrawn"}
)

// next appends the next body to b. It may be called concurrently.
func (s *bodies) next(b []byte) []byte {
	n := s.n.Add(1)
	application, at := n, n/4
	if s.spread {
		mixed := uint32(n) * 2654435761 // odd, so no two of 2³² meet
		application = int64(mixed)
		at = int64(mixed*40503) >> 4 // some eight years of seconds
	}
	id := fmt.Sprintf("A%010d", application)
	return fmt.Appendf(b, `{
  "id": "%s",
  "content": "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/%s",
  "notificationType": "batchApplicationStatusChange",
  "partnerCode": "XXXXXXXX",
  "eventDescription": "%s",
  "eventTime": "%s"
}`, id, id, events[n%int64(len(events))], firstEvent.Add(time.Duration(at)*time.Second).Format("2006-01-02T15:04:05"))
}

// arrival is the next body as the receiver would hand it to the store.
func (s *bodies) arrival() (ppm.Arrival, error) {
	a := ppm.Arrival{Body: s.next(nil), At: time.Now(), From: "127.0.0.1"}
	err := json.Unmarshal(a.Body, &a.Notification)
	return a, err
}
