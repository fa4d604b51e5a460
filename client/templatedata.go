package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"processmanager/ppm"
)

// root is what a template begins with. Under a name that no template can write
// it has the state of the execution.
type root map[string]any

const runningName = "\x00"

// rootNames are the members of root, and notificationNames those of the
// notification in it.
var (
	rootNames         = []string{"notification", "application", "key", "receipt", "receivedAt", "fetchedAt"}
	notificationNames = []string{"id", "notificationType", "partnerCode", "eventDescription", "eventTime", "content"}
)

// newRoot returns what a template begins with for p. What p does not have is
// not in it.
func newRoot(p ppm.Parcel) (root, error) {
	n := p.Notification
	values := []string{n.Application, n.Type, n.Partner, n.Event, n.EventTime, n.Content}
	notification := make(map[string]any, len(values))
	for i, name := range notificationNames {
		notification[name] = values[i]
	}
	r := root{
		runningName:    &running{until: time.Now().Add(maxTime)},
		"notification": notification,
		"key":          p.Key,
		"receipt":      string(p.Receipt),
		"receivedAt":   timeText(p.ReceivedAt),
	}
	if p.Data != nil {
		data, err := cleanJSON(p.Data)
		if err != nil {
			return nil, err
		}
		if r["application"], err = decode(data); err != nil {
			return nil, err
		}
		r["fetchedAt"] = timeText(p.DataAt)
	}
	return r, nil
}

// sampleRoot returns what a template is tried with: Clearmatch's own sample,
// without an application, for whose members the trial stands in.
func sampleRoot() root {
	r, err := newRoot(ppm.Parcel{
		Delivery: ppm.Delivery{DeliveryName: ppm.DeliveryName{Receipt: "1042-7KQ2M9XD", Client: 3}},
		Key:      "1042-7KQ2M9XD-3",
		Notification: ppm.Notification{
			Application: "A056035", Partner: "XXXXXXXX", Type: "batchApplicationStatusChange", Event: "Posted",
			EventTime: "2017-01-01T00:00:00", Content: "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/A056035",
		},
		ReceivedAt: time.Date(2017, 1, 1, 0, 0, 5, 0, time.UTC),
	})
	if err != nil {
		panic(err) // there is no data that could be wrong
	}
	r["fetchedAt"] = r["receivedAt"]
	return r
}

// The values of a template are string, bool, map[string]any and []any; int and
// float64 where the template itself writes them; and these.
type (
	number string         // as it was written, so that every digit stays
	null   map[string]any // always nil: it is not true, and any member of it is missing; nil itself is a missing member
	sample map[string]any // stands for any value while a template is tried; not empty, and so true
)

// MarshalJSON writes n as it was.
func (n number) MarshalJSON() ([]byte, error) { return []byte(n), nil }

var placeholder = sample{runningName: true}

// decode reads JSON as a template's values.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read the application's data: %w", err)
	}
	return valueOf(v), nil
}

func valueOf(v any) any {
	switch v := v.(type) {
	case nil:
		return null(nil)
	case json.Number:
		return number(v)
	case map[string]any:
		for name, member := range v {
			v[name] = valueOf(member)
		}
	case []any:
		for i, element := range v {
			v[i] = valueOf(element)
		}
	}
	return v
}
