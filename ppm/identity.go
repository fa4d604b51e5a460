package ppm

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strings"
	"time"
)

// IdentitySize is the length of an [Identity] in bytes.
const IdentitySize = 28

// An Identity stands for the six documented members of a notification and for
// nothing else: equal identities are redeliveries of one notification.
//
// It begins with the time of the event and the end of the application's
// number, and only then follow 128 bits of a SHA-256 over the six members. The
// beginning adds nothing to what it identifies; it makes notifications that
// arrive together neighbours in an index, which a bare hash scatters over all
// its pages.
type Identity [IdentitySize]byte

// Identity returns what identifies n.
func (n Notification) Identity() Identity {
	var id Identity
	binary.BigEndian.PutUint32(id[0:4], roughSeconds(n.EventTime))
	tail := n.Application
	if len(tail) > 8 {
		tail = tail[len(tail)-8:]
	}
	copy(id[12-len(tail):12], tail)
	sum := n.hash()
	copy(id[12:], sum[:])
	return id
}

// hash is over each member preceded by its length, so that no two different
// sixes can run together into the same bytes.
func (n Notification) hash() [sha256.Size]byte {
	var buf [512]byte
	b := buf[:0]
	for _, member := range [...]string{n.Partner, n.Application, n.Type, n.Event, n.EventTime, n.Content} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(member)))
		b = append(b, member...)
	}
	return sha256.Sum256(b)
}

// roughSeconds returns the Unix time that s begins with, whatever zone or
// fraction may follow, or 0. It reads 2017-01-01T00:00:00 as if it were UTC and
// the older .NET spelling /Date(1483228800000+1100)/, whose milliseconds are
// UTC. It only has to put neighbours next to each other, and quickly.
func roughSeconds(s string) uint32 {
	if ms, ok := strings.CutPrefix(s, "/Date("); ok {
		var t uint64
		for i := 0; i < len(ms) && isDigit(ms[i]); i++ {
			if t = t*10 + uint64(ms[i]-'0'); t > 1000*math.MaxUint32 {
				return math.MaxUint32
			}
		}
		return uint32(t / 1000)
	}
	const layout = "2006-01-02T15:04:05"
	if len(s) < len(layout) {
		return 0
	}
	var number [6]int // year, month, day, hour, minute, second
	field := 0
	for i := range len(layout) {
		switch {
		case isDigit(layout[i]) && isDigit(s[i]):
			number[field] = number[field]*10 + int(s[i]-'0')
		case !isDigit(layout[i]) && layout[i] == s[i]:
			field++
		default:
			return 0
		}
	}
	t := time.Date(number[0], time.Month(number[1]), number[2], number[3], number[4], number[5], 0, time.UTC)
	return uint32(max(0, min(t.Unix(), math.MaxUint32)))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
