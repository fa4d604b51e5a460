package ppm

import (
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Receipt names a kept notification to the outside, as in "1042-7KQ2M9XD":
// its number in the store, and forty bits of its identity. The second half
// keeps a receipt from naming another notification after an older backup has
// been restored and numbers are given out again.
type Receipt string

// ErrBadReceipt is returned for text that cannot be a receipt.
var ErrBadReceipt = errors.New(`a receipt looks like "1042-7KQ2M9XD"`)

// NewReceipt returns the receipt of the notification with that number and identity.
func NewReceipt(number int64, id Identity) Receipt {
	return Receipt(strconv.FormatInt(number, 10) + "-" + id.check())
}

// Number returns the store's number in r, without saying that there is such a
// notification; see [Receipt.Names].
func (r Receipt) Number() (int64, error) {
	number, check, _ := strings.Cut(string(r), "-")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || len(check) != 8 {
		return 0, fmt.Errorf("%q: %w", string(r), ErrBadReceipt)
	}
	return n, nil
}

// Names reports whether r is the receipt of the notification with that number
// and identity. Lower case will do: people type receipts.
func (r Receipt) Names(number int64, id Identity) bool {
	return strings.EqualFold(string(r), string(NewReceipt(number, id)))
}

var receiptAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

func (id Identity) check() string {
	return receiptAlphabet.EncodeToString(id[IdentitySize-5:])
}
