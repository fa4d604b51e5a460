package receiver

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
)

// Credentials are the user name and the password, or passwords, that open the
// way in. They may be used concurrently.
//
// Nothing is compared as it is: both sides go through a hash keyed with a
// random key that never leaves the process, and the hashes are compared in
// constant time. So the time that an answer takes says nothing about how much
// of a guess was right, and hashes of two guesses cannot be related.
type Credentials struct {
	key      [sha256.BlockSize]byte
	username [sha256.Size]byte // keyed
	secrets  []*secret
	turns    *turns

	// The keyed hashes of the whole header values that were right before: the
	// sender sends the same one every time, and is through with one hash.
	mu    sync.Mutex // serialises the writers of right
	right atomic.Pointer[[][sha256.Size]byte]
}

// A secret is one of the passwords that are right.
type secret struct {
	// The keyed hash of the password; nil for as long as only its verifier is known.
	known    atomic.Pointer[[sha256.Size]byte]
	verifier verifier // where there is one
}

// A verdict says what an Authorization header is worth.
type verdict int

const (
	missing verdict = iota // none, or not Basic: not held against anyone
	wrong
	right
)

// rightKept bounds the header values remembered as right. One password has few
// spellings: case of the scheme, padding, character set.
const rightKept = 8

// NewCredentials returns credentials for username with password, and with each
// of previous: while a password is being changed, both are right. A password
// is either itself or what [Verifier] made of it.
func NewCredentials(username, password string, previous ...string) (*Credentials, error) {
	switch {
	case username == "":
		return nil, errors.New("the user name is empty: give the one that Clearmatch was told")
	case strings.Contains(username, ":"):
		return nil, errors.New("the user name has a colon, which basic authentication cannot carry: choose another")
	case strings.ContainsFunc(username, unicode.IsControl):
		return nil, errors.New("the user name has a control character: type it again")
	}
	c := &Credentials{turns: newTurns()}
	rand.Read(c.key[:])
	c.username = c.hash(username)
	for _, p := range append([]string{password}, previous...) {
		s, err := c.newSecret(p)
		if err != nil {
			return nil, err
		}
		c.secrets = append(c.secrets, s)
	}
	return c, nil
}

func (c *Credentials) newSecret(password string) (*secret, error) {
	s := new(secret)
	switch {
	case password == "":
		return nil, errors.New("the password is empty: set one, or let ppm generate one")
	case IsVerifier(password):
		v, err := parseVerifier(password)
		if err != nil {
			return nil, err
		}
		s.verifier = v
	case strings.ContainsFunc(password, unicode.IsControl):
		return nil, errors.New("the password has a control character: type it again")
	case len(password) > maxAuthorization/2:
		return nil, fmt.Errorf("the password is longer than %d bytes: choose a shorter one", maxAuthorization/2)
	default:
		known := c.hash(password)
		s.known.Store(&known)
	}
	return s, nil
}

// check judges the value of an Authorization header. It only fails when ctx
// ended while a slow check had to wait for its turn, and the verdict is open.
func (c *Credentials) check(ctx context.Context, value string, from netip.Prefix) (verdict, error) {
	if value == "" {
		return missing, nil
	}
	var whole [sha256.Size]byte
	if len(value) <= maxAuthorization {
		whole = c.hash(value)
		if c.wasRight(&whole) {
			return right, nil
		}
	}
	pair, basic := basicPair(value)
	switch {
	case !basic:
		return missing, nil
	case pair == nil:
		return wrong, nil
	}
	for _, text := range spellings(pair) {
		username, password, _ := strings.Cut(text, ":")
		name := c.hash(username)
		named := subtle.ConstantTimeCompare(name[:], c.username[:])
		opened, err := c.opens(ctx, password, from)
		if err != nil {
			return wrong, err
		}
		if named&opened == 1 {
			if len(value) <= maxAuthorization {
				c.remember(whole)
			}
			return right, nil
		}
	}
	return wrong, nil
}

// opens returns 1 if password is one of the right ones, else 0.
func (c *Credentials) opens(ctx context.Context, password string, from netip.Prefix) (opened int, err error) {
	hash := c.hash(password)
	unknown := false
	for _, s := range c.secrets {
		if known := s.known.Load(); known != nil {
			opened |= subtle.ConstantTimeCompare(hash[:], known[:])
		} else if !s.verifier.slow() {
			if s.verifier.matches(password) {
				s.known.Store(&hash)
				opened = 1
			}
		} else {
			unknown = true
		}
	}
	if opened == 1 || !unknown {
		return opened, nil
	}
	done, err := c.turns.take(ctx, from)
	if err != nil {
		return 0, err
	}
	defer done()
	for _, s := range c.secrets {
		if known := s.known.Load(); known != nil { // perhaps since a moment ago
			opened |= subtle.ConstantTimeCompare(hash[:], known[:])
		} else if s.verifier.matches(password) {
			s.known.Store(&hash)
			opened = 1
		}
	}
	return opened, nil
}

func (c *Credentials) wasRight(whole *[sha256.Size]byte) bool {
	known := c.right.Load()
	if known == nil {
		return false
	}
	same := 0
	for i := range *known {
		same |= subtle.ConstantTimeCompare(whole[:], (*known)[i][:])
	}
	return same == 1
}

func (c *Credentials) remember(whole [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var known [][sha256.Size]byte
	if k := c.right.Load(); k != nil {
		known = *k
	}
	known = append([][sha256.Size]byte{whole}, known[:min(len(known), rightKept-1)]...)
	c.right.Store(&known)
}

// hash is SHA-256 with the key as its first block. Such a hash is safe to be
// compared, as HMAC's is; it could only be prolonged by someone who sees it,
// and it is shown to nobody.
func (c *Credentials) hash(s string) [sha256.Size]byte {
	var buf [sha256.BlockSize + maxAuthorization]byte
	b := append(buf[:0], c.key[:]...)
	return sha256.Sum256(append(b, s...))
}
