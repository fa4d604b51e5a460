package ppm_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"processmanager/ppm"
)

// members are the six, so that a test can go through them.
func members(n *ppm.Notification) [6]*string {
	return [...]*string{&n.Partner, &n.Application, &n.Type, &n.Event, &n.EventTime, &n.Content}
}

// text draws what a member may hold: often short and from few letters, so that
// members run into each other, sometimes anything at all.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[ab\x00]{0,4}`),
		rapid.SampledFrom([]string{"A056035", "batchApplicationStatusChange", "2017-01-01T00:00:00", "/Date(1483228800000+1100)/"}),
		rapid.String(),
	)
}

func notification() *rapid.Generator[ppm.Notification] {
	return rapid.Custom(func(t *rapid.T) (n ppm.Notification) {
		for _, m := range members(&n) {
			*m = text().Draw(t, "member")
		}
		return n
	})
}

// Stores hold identities for good: these bytes, worked out by another program,
// may never change.
func TestIdentityStaysWhatItIs(t *testing.T) {
	const api = "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/"
	for _, tt := range []struct {
		n    ppm.Notification
		want string
	}{
		{ppm.Notification{Partner: "XXXXXXXX", Application: "A056035", Type: "batchApplicationStatusChange", EventTime: "2017-01-01T00:00:00", Content: api + "A056035"},
			"586846800041303536303335bbc240ca72d0531458882a83d152a3a4"},
		{ppm.Notification{Partner: "XXXXXXXX", Application: "A056037", Type: "batchApplicationStatusChange", EventTime: "/Date(1483228800000+1100)/", Content: api + "A056037"},
			"58684680004130353630333740d6765f17a497cadca7fbc593ced8ca"},
		{ppm.Notification{Partner: "XXXXXXXX", Application: "A056036", Type: "listingStatusChange", Event: "Posted", EventTime: "2017-01-01T00:00:00.1234567+11:00", Content: api + "A056036"},
			"586846800041303536303336516d695eacb51645180aa1a3cec0819f"},
		{ppm.Notification{}, "00000000000000000000000017b0761f87b081d5cf10757ccc89f12b"},
	} {
		id := tt.n.Identity()
		if got := hex.EncodeToString(id[:]); got != tt.want {
			t.Errorf("%+v\ngot  %s\nwant %s", tt.n, got, tt.want)
		}
	}
}

func TestOneApplicationHasManyNotifications(t *testing.T) {
	first := ppm.Notification{Partner: "P", Application: "A056035", Type: "statusChange", Event: "Posted", EventTime: "2017-01-01T00:00:00", Content: "https://api.example/A056035"}
	later, other := first, first
	later.EventTime = "2017-01-01T00:00:01"
	other.Event = "Funded"
	if first.Identity() == later.Identity() || first.Identity() == other.Identity() || later.Identity() == other.Identity() {
		t.Error("another event or another time of one application is taken for a redelivery")
	}
}

func TestSameSixAreOneIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := notification().Draw(t, "n")
		again := ppm.Notification{}
		for i, m := range members(&again) {
			*m = string([]byte(*members(&n)[i])) // equal, but not the same memory
		}
		if n.Identity() != again.Identity() {
			t.Fatalf("%+v has two identities", n)
		}
	})
}

func TestEachOfTheSixCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := notification().Draw(t, "n")
		for i := range members(&n) {
			changed := n
			m := members(&changed)[i]
			*m = rapid.OneOf(text(), rapid.SampledFrom([]string{*m + " ", " " + *m, *m + "\x00"})).
				Filter(func(s string) bool { return s != *m }).Draw(t, "changed")
			if changed.Identity() == n.Identity() {
				t.Fatalf("%+v and %+v are one", n, changed)
			}
		}
	})
}

func TestMembersDoNotRunTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := notification().Draw(t, "n")
		moved := n
		from := rapid.IntRange(0, 5).Draw(t, "from")
		to := (from + 1 + rapid.IntRange(0, 4).Draw(t, "to")) % 6
		a, b := members(&moved)[from], members(&moved)[to]
		if rapid.Bool().Draw(t, "swapped") {
			*a, *b = *b, *a
		} else {
			cut := rapid.IntRange(0, len(*a)).Draw(t, "cut")
			*a, *b = (*a)[:cut], (*a)[cut:]+*b
		}
		if moved != n && moved.Identity() == n.Identity() {
			t.Fatalf("%+v and %+v are one", n, moved)
		}
	})
}

// The address, the time and the body of an arrival are no part of what arrives.
func TestOnlyTheSixCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := notification().Draw(t, "n")
		a := ppm.Arrival{
			Notification: n,
			Body:         rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
			At:           time.Unix(rapid.Int64().Draw(t, "at"), 0),
			From:         rapid.String().Draw(t, "from"),
		}
		if a.Identity() != n.Identity() {
			t.Fatal("an arrival has another identity than its notification")
		}
	})
}

func TestNeighboursInTimeAreNeighboursInOrder(t *testing.T) {
	spellings := []func(time.Time) string{
		func(at time.Time) string { return at.Format("2006-01-02T15:04:05") },
		func(at time.Time) string { return at.Format("2006-01-02T15:04:05.0000000+11:00") },
		func(at time.Time) string { return fmt.Sprintf("/Date(%d+1100)/", at.UnixMilli()) },
	}
	seconds := rapid.Int64Range(0, 1<<32-1)
	rapid.Check(t, func(t *rapid.T) {
		early, late := seconds.Draw(t, "one time"), seconds.Draw(t, "another time")
		if early == late {
			return
		}
		a, b := notification().Draw(t, "a"), notification().Draw(t, "b")
		a.EventTime = rapid.SampledFrom(spellings).Draw(t, "spelling")(time.Unix(min(early, late), 0).UTC())
		b.EventTime = rapid.SampledFrom(spellings).Draw(t, "spelling")(time.Unix(max(early, late), 0).UTC())
		first, second := a.Identity(), b.Identity()
		if bytes.Compare(first[:], second[:]) >= 0 {
			t.Fatalf("%s comes behind %s", a.EventTime, b.EventTime)
		}
	})
}

// Within one second the applications' numbers decide.
func TestNeighboursByNumberAreNeighboursInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lower := rapid.IntRange(0, 999998).Draw(t, "lower")
		higher := rapid.IntRange(lower+1, 999999).Draw(t, "higher")
		a, b := notification().Draw(t, "a"), notification().Draw(t, "b")
		a.EventTime, b.EventTime = "2017-01-01T00:00:00", "2017-01-01T00:00:00"
		a.Application, b.Application = fmt.Sprintf("A%06d", lower), fmt.Sprintf("A%06d", higher)
		first, second := a.Identity(), b.Identity()
		if bytes.Compare(first[:], second[:]) >= 0 {
			t.Fatalf("%s comes behind %s", a.Application, b.Application)
		}
	})
}

func BenchmarkIdentity(b *testing.B) {
	n := ppm.Notification{Partner: "XXXXXXXX", Application: "A056035", Type: "batchApplicationStatusChange", EventTime: "2017-01-01T00:00:00", Content: "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/A056035"}
	b.ReportAllocs()
	for b.Loop() {
		n.Identity()
	}
}
