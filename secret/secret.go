// Package secret seals what must not be read by whoever comes by a copy of the
// database, the settings or a backup: the secrets of clients and of the API,
// the keys of certificates. They are encrypted with one master key, which is kept
// apart from them, in the best place that the system has for it; see file.go
// and credential.go. What is sealed, and what to do while it cannot be opened, is
// the business of those who keep it.
package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// ErrWaiting is what errors wrap while something cannot be sealed or opened
// because its master key is not at hand. Once the key is back, it can.
var ErrWaiting = errors.New("waiting for the master key")

const keySize = 32

// A key is a master key, of which there may have been several.
type key [keySize]byte

func newKey() (k key) {
	rand.Read(k[:])
	return k
}

// derived returns what a master key is used for something particular.
func (k key) derived(purpose string, size int) []byte {
	b, err := hkdf.Key(sha256.New, k[:], nil, "ppm "+purpose, size)
	if err != nil {
		panic(err) // of a size that is too large only
	}
	return b
}

// id is what a key is told by in what it has sealed. It does not give the key away.
func (k key) id() string { return hex.EncodeToString(k.derived("key id v1", 4)) }

func (k key) cipher() cipher.AEAD {
	block, err := aes.NewCipher(k.derived("seal v1", keySize))
	if err != nil {
		panic(err) // of a key of another size only
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// prefix begins what is sealed; the number is that of the way it is done.
const prefix = "sealed:v1:"

var form = regexp.MustCompile(`^` + prefix + `([0-9a-f]{8}):([A-Za-z0-9_-]{38,})$`)

// Sealed reports whether text is a sealed secret and not the secret itself.
func Sealed(text string) bool { return form.MatchString(text) }

// seal returns text as only k, and only for the place that is named, opens it.
func (k key) seal(place string, text []byte) string {
	return prefix + k.id() + ":" + base64.RawURLEncoding.EncodeToString(k.cipher().Seal(nil, nil, text, []byte(place)))
}

// open returns what was sealed for the place. A text that was not sealed is
// what it is.
func (r ring) open(place, sealed string) ([]byte, error) {
	parts := form.FindStringSubmatch(sealed)
	if parts == nil {
		return []byte(sealed), nil
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, fmt.Errorf("open the secret %s: %w", place, err)
	}
	for _, k := range r {
		if k.id() != parts[1] {
			continue
		}
		text, err := k.cipher().Open(nil, nil, b, []byte(place))
		if err != nil {
			return nil, fmt.Errorf("open the secret %s: it has been changed, or belongs somewhere else; give it anew", place)
		}
		return text, nil
	}
	return nil, fmt.Errorf("the secret %s was encrypted with the master key %s, which is not here: %w", place, parts[1], ErrWaiting)
}

// A ring is master keys. The first one seals, all of them open.
type ring []key

func (r ring) has(k key) bool {
	for _, other := range r {
		if other == k {
			return true
		}
	}
	return false
}

// with returns r and those of more that it does not have, behind its own.
func (r ring) with(more ring) ring {
	all := append(ring(nil), r...)
	for _, k := range more {
		if !all.has(k) {
			all = append(all, k)
		}
	}
	return all
}

// text returns the keys as they are written: one on a line, in hexadecimal digits.
func (r ring) text() []byte {
	var b bytes.Buffer
	for _, k := range r {
		b.WriteString(hex.EncodeToString(k[:]) + "\n")
	}
	return b.Bytes()
}

// parse reads what text wrote. Its errors do not repeat what it read.
func parse(text []byte) (ring, error) {
	var r ring
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		b, err := hex.DecodeString(line)
		if err != nil || len(b) != keySize {
			return nil, fmt.Errorf("it does not hold keys of %d hexadecimal digits, one on a line", 2*keySize)
		}
		r = append(r, key(b))
	}
	if r == nil {
		return nil, errors.New("it is empty")
	}
	return r, nil
}
