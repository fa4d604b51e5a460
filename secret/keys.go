package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FileName is the name of the file with the master key in the data folder.
const FileName = "master.key"

// Keys are the master keys of one data folder. All methods may be called
// concurrently.
//
// Once read, a key is remembered until the process ends: that its file has gone
// since is noticed at the next start.
type Keys struct {
	file       string
	credential string // where the system lends us one, or ""

	mu   sync.Mutex
	ring ring
	err  error // why ring is not all there could be
}

// Open reads the master keys of the data folder dir. environ is the
// environment, as [os.Environ] returns it. It does not fail: what keeps the keys
// from being read is told by [Keys.Err].
func Open(dir string, environ []string) *Keys {
	k := &Keys{file: filepath.Join(dir, FileName), credential: credentialFile(environ)}
	k.Refresh()
	return k
}

// Refresh reads the keys again and reports whether there are others than before.
func (k *Keys) Refresh() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.refresh()
}

func (k *Keys) refresh() bool {
	read, err := k.read()
	before := len(k.ring)
	k.ring, k.err = read.with(k.ring), err
	return len(k.ring) != before
}

// read returns the keys that are at hand: the system's before the file's.
func (k *Keys) read() (ring, error) {
	var all ring
	var errs []error
	if k.credential != "" {
		r, err := readCredential(k.credential)
		all, errs = all.with(r), append(errs, err)
	}
	r, err := readFile(k.file)
	if errors.Is(err, fs.ErrNotExist) && len(all) > 0 {
		err = nil // the system's will do
	}
	return all.with(r), errors.Join(append(errs, err)...)
}

// Err returns why keys cannot be read, in words for a person, or nil.
func (k *Keys) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.wrong()
}

func (k *Keys) wrong() error {
	switch {
	case k.err == nil:
		return nil
	case errors.Is(k.err, fs.ErrNotExist):
		return fmt.Errorf("the master key (%s) is missing: put it back, or restore an encrypted backup: %w", k.file, ErrWaiting)
	}
	return fmt.Errorf("the master key cannot be read: %w: %w", k.err, ErrWaiting)
}

// Missing reports whether there is no key at all, not even one that cannot be read.
func (k *Keys) Missing() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.ring) == 0 && errors.Is(k.err, fs.ErrNotExist) && k.credential == ""
}

// Make makes a new key, which seals from now on. Those there were go on opening.
func (k *Keys) Make() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.credential != "" {
		return errors.New("the master key is lent by the system (CREDENTIALS_DIRECTORY): put a new first line into that credential instead")
	}
	old, err := readFile(k.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		aside := k.file + ".unreadable-" + time.Now().UTC().Format("20060102-150405")
		if err := os.Rename(k.file, aside); err != nil {
			return fmt.Errorf("put the key that cannot be read aside: %w", err)
		}
	}
	if err := writeFile(k.file, ring{newKey()}.with(old)); err != nil {
		return err
	}
	k.refresh()
	return nil
}

// Seal encrypts text for the place that is named, such as a setting's key; from
// elsewhere it cannot be opened.
func (k *Keys) Seal(place, text string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.ring) == 0 {
		return "", fmt.Errorf("encrypt the secret %s: %w", place, k.wrong())
	}
	return k.ring[0].seal(place, []byte(text)), nil
}

// Open returns what was sealed for the place. A text that was not sealed is
// returned as it is. The error wraps [ErrWaiting] while its key is not at hand.
func (k *Keys) Open(place, sealed string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	text, err := k.ring.open(place, sealed)
	if errors.Is(err, ErrWaiting) && k.refresh() { // another process may have made it
		text, err = k.ring.open(place, sealed)
	}
	if wrong := k.wrong(); errors.Is(err, ErrWaiting) && wrong != nil {
		err = wrong // which says what to do
	}
	if err != nil {
		return "", err
	}
	return string(text), nil
}

// Current reports whether text is sealed, with the key that seals now.
func (k *Keys) Current(text string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	parts := form.FindStringSubmatch(text)
	return parts != nil && len(k.ring) > 0 && k.ring[0].id() == parts[1]
}

// Export returns all keys, as text that is as secret as they are, for an
// encrypted backup; nil if there are none.
func (k *Keys) Export() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ring.text()
}

// Import takes keys in that [Keys.Export] returned. Those that are here already
// go on sealing.
func (k *Keys) Import(text []byte) error {
	more, err := parse(text)
	if err != nil {
		return fmt.Errorf("take the master key in: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.ring.with(more)) == len(k.ring) {
		return nil
	}
	here, err := readFile(k.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take the master key in: %w", err)
	}
	if err := writeFile(k.file, here.with(more)); err != nil {
		return err
	}
	k.refresh()
	return nil
}
