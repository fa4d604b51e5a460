package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// sample is Clearmatch's documented message, with the comma after the first
// member that the page leaves out.
const sample = `{
  "id": "A056035",
  "content": "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/A056035",
  "notificationType": "batchApplicationStatusChange",
  "partnerCode": "XXXXXXXX",
  "eventDescription": "",
  "eventTime": "2017-01-01T00:00:00"
}
`

// freshSamples returns a function that returns the sample for another
// application each time, with the time of day as the time of the event, so that
// each is a new notification.
func freshSamples() func() []byte {
	number := rand.IntN(1_000_000)
	return func() []byte {
		number = (number + 1) % 1_000_000
		id := fmt.Sprintf("A%06d", number)
		return fmt.Appendf(nil, `{
  "id": %q,
  "content": "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/%s",
  "notificationType": "batchApplicationStatusChange",
  "partnerCode": "XXXXXXXX",
  "eventDescription": "",
  "eventTime": %q
}
`, id, id, time.Now().UTC().Format("2006-01-02T15:04:05.0000000"))
	}
}
