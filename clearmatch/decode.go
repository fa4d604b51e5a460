// Package clearmatch is Clearmatch's side of the wire: the formats it sends and
// its REST API. What is done with a notification is for others to decide.
package clearmatch

import (
	"bytes"
	"strings"

	"processmanager/ppm"
)

const (
	maxDepth = 100  // of objects and lists, the envelope counted
	maxID    = 200  // bytes of an id, as decoded
	maxText  = 4096 // bytes of each of the other five
)

// Parse reads one posted body. The error, where there is one, is a [*Fault].
//
// The body is one JSON object (RFC 8259) in UTF-8. Parse is lenient where
// senders differ: a byte-order mark is dropped, the six documented names match
// in any case, other members are ignored, null counts as absent, and a number
// stands for its digits exactly as sent. It is strict where readers differ,
// because a body that two programs read in two ways has no identity. It
// refuses, anywhere in the body, bytes and escapes that no UTF-8 text can hold
// (a lone surrogate such as \ud800 too), a name given twice in one object, and
// more than 100 levels of nesting. Names in the envelope are compared under
// Unicode's simple folding, as encoding/json does, names in objects within it
// exactly. An id is at most 200 bytes long and has no control characters; each of the
// other five is at most 4,096 bytes long.
//
// Parse keeps no part of body and may be called concurrently.
func Parse(body []byte) (ppm.Notification, error) {
	p := newParser(bytes.TrimPrefix(body, []byte("\ufeff")))
	defer p.release()
	var env envelope
	if f := p.document(&env); f != nil {
		return ppm.Notification{}, f
	}
	if f := p.check(&env); f != nil {
		return ppm.Notification{}, f
	}
	return env.notification(), nil
}

// The six documented members, as indexes into an envelope.
const (
	id = iota
	notificationType
	partnerCode
	eventDescription
	eventTime
	content
	documented
)

// spelling is how Clearmatch documents the names of the six.
var spelling = [documented]string{"id", "notificationType", "partnerCode", "eventDescription", "eventTime", "content"}

// memberOf returns the index of the documented member with that name, folded,
// or documented if it is none of them.
func memberOf(folded []byte) int {
	switch string(folded) {
	case "id":
		return id
	case "notificationtype":
		return notificationType
	case "partnercode":
		return partnerCode
	case "eventdescription":
		return eventDescription
	case "eventtime":
		return eventTime
	case "content":
		return content
	}
	return documented
}

// An envelope is what has been read of the six: each value as decoded, and
// where in the input it stands (0, where no value can stand: absent).
type envelope struct {
	value [documented][]byte
	at    [documented]int
}

// notification copies the values out of the input, into one string that the
// six share.
func (e *envelope) notification() ppm.Notification {
	size := 0
	for _, v := range e.value {
		size += len(v)
	}
	var all strings.Builder
	all.Grow(size)
	for _, v := range e.value {
		all.Write(v)
	}
	rest := all.String()
	next := func(member int) string {
		s := rest[:len(e.value[member])]
		rest = rest[len(s):]
		return s
	}
	return ppm.Notification{
		Application: next(id),
		Type:        next(notificationType),
		Partner:     next(partnerCode),
		Event:       next(eventDescription),
		EventTime:   next(eventTime),
		Content:     next(content),
	}
}
