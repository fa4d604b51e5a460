package backup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// MinPassphrase is how long a passphrase must be, in bytes: whoever has the file
// may try as many as he likes.
const MinPassphrase = 12

// workFactor makes each try cost 64 MiB of memory; age's own default of 18 takes
// four times as much, which is more than this program otherwise does.
var workFactor = 16 // less in tests

// ageHeader begins what is encrypted.
const ageHeader = "age-encryption.org/v1\n"

var (
	// ErrPassphrase: the backup is encrypted, and no passphrase was given, or
	// another than the one it was encrypted with.
	ErrPassphrase = errors.New("the passphrase is not the one that the backup was encrypted with")

	errShort = fmt.Errorf("a passphrase of a backup has at least %d characters", MinPassphrase)
)

func encrypt(w io.Writer, passphrase string) (io.WriteCloser, error) {
	if len(passphrase) < MinPassphrase {
		return nil, errShort
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(workFactor)
	return age.Encrypt(w, r)
}

// decrypt returns what is in from, whether it is encrypted or not.
func decrypt(from io.Reader, passphrase string) (io.Reader, error) {
	b := bufio.NewReader(from)
	if is, err := encrypted(b); !is {
		return b, err
	}
	if passphrase == "" {
		return nil, ErrPassphrase
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(b, id)
	var wrong *age.NoIdentityMatchError
	switch {
	case errors.As(err, &wrong):
		return nil, ErrPassphrase
	case err != nil:
		return nil, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return plain, nil
}

func encrypted(b *bufio.Reader) (bool, error) {
	head, err := b.Peek(len(ageHeader))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return bytes.Equal(head, []byte(ageHeader)), nil
}

// A Kind is what a file looks like that somebody wants to restore.
type Kind int

const (
	Other     Kind = iota // a database, say
	Plain                 // a backup without a passphrase
	Encrypted             // one with
)

// KindOf looks at the beginning of a file.
func KindOf(from io.Reader) (Kind, error) {
	b := bufio.NewReader(from)
	is, err := encrypted(b)
	if err != nil || is {
		return Encrypted, err
	}
	head, err := b.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return Other, err
	}
	if bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return Plain, nil
	}
	return Other, nil
}
