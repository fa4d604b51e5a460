package ppm_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"processmanager/ppm"
)

func TestReceiptNamesItsNotification(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64Range(1, math.MaxInt64).Draw(t, "number")
		id := notification().Draw(t, "n").Identity()
		r := ppm.NewReceipt(number, id)
		if got, err := r.Number(); got != number || err != nil {
			t.Fatalf("%s: number %d, %v; want %d", r, got, err, number)
		}
		typed := ppm.Receipt(strings.ToLower(string(r)))
		if got, err := typed.Number(); got != number || err != nil || !r.Names(number, id) || !typed.Names(number, id) {
			t.Fatalf("%s does not name %d", r, number)
		}
	})
}

// After an older backup has been restored, a number is given out again.
func TestReceiptNamesNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64Range(1, math.MaxInt64-1).Draw(t, "number")
		n, other := notification().Draw(t, "n"), notification().Draw(t, "other")
		if n == other {
			return
		}
		r := ppm.NewReceipt(number, n.Identity())
		if r.Names(number, other.Identity()) || r.Names(number+1, n.Identity()) {
			t.Fatalf("%s names another notification", r)
		}
	})
}

func TestReceiptIsSpelledAsEver(t *testing.T) {
	n := ppm.Notification{Application: "A056035", Partner: "XXXXXXXX", Type: "batchApplicationStatusChange", EventTime: "2017-01-01T00:00:00",
		Content: "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/A056035"}
	if got := ppm.NewReceipt(1042, n.Identity()); got != "1042-GF8N58X4" {
		t.Errorf("got %s", got)
	}
}

func TestWhatIsNoReceipt(t *testing.T) {
	for _, r := range []ppm.Receipt{
		"", "-", "1042", "1042-", "-7KQ2M9XD", "x-7KQ2M9XD", "0-7KQ2M9XD", "-1-7KQ2M9XD", "1042-7KQ2M9X", "1042-7KQ2M9XDE",
		"1042 -7KQ2M9XD", "1042-7KQ2-9XDE", "9223372036854775808-7KQ2M9XD", "1e3-7KQ2M9XD", "A056035",
	} {
		if n, err := r.Number(); n != 0 || !errors.Is(err, ppm.ErrBadReceipt) || !strings.Contains(err.Error(), string(r)) {
			t.Errorf("%q: got %d, %v; want ErrBadReceipt with the text that was given", r, n, err)
		}
	}
}
