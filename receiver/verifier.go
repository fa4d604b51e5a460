package receiver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// A verifier tells the right password without containing it. It is written as
//
//	$sha256$<salt>$<hash>                       for a generated password
//	$argon2id$v=19$m=…,t=…,p=…$<salt>$<hash>   for one that a person thought of
//
// with salt and hash in base64 without padding. The first is HMAC-SHA256, keyed
// with the salt. It is quick, and may be: nobody tries 2¹²⁸ passwords. What a
// person thinks of can be guessed, so each guess has to cost time and memory;
// that is argon2id (RFC 9106), written as its reference implementation does.
type verifier struct {
	salt, hash   []byte
	time, memory uint32 // argon2id's passes and KiB; 0 for sha256
	threads      uint8
}

const (
	sha256Prefix = "$sha256$"
	argon2Prefix = "$argon2id$"

	// The second of the settings that OWASP recommends: 19 MiB, some 25 ms.
	argon2Time, argon2Memory, argon2Threads = 2, 19 << 10, 1

	// What a verifier in the settings may ask for at most.
	argon2MaxTime, argon2MaxMemory, argon2MaxThreads = 20, 256 << 10, 16

	saltSize, hashSize = 16, 32
)

// passwordAlphabet has no two characters that are easily taken for each other,
// and none at which a double click stops.
const passwordAlphabet = "23456789abcdefghjkmnpqrstuvwxyz"

// GeneratePassword returns a new random password of 27 letters and digits, more
// than 128 bits.
func GeneratePassword() string {
	const length = 27 // × log₂ 31 = 133 bits
	const fair = 256 - 256%len(passwordAlphabet)
	password := make([]byte, 0, length)
	var b [1]byte
	for len(password) < length {
		rand.Read(b[:])
		if int(b[0]) < fair { // the rest would favour the first letters
			password = append(password, passwordAlphabet[int(b[0])%len(passwordAlphabet)])
		}
	}
	return string(password)
}

// Verifier returns what is kept in the settings in place of password. generated
// says that it comes from [GeneratePassword]; one that a person thought of gets
// a verifier that is slow to guess against.
func Verifier(password string, generated bool) string {
	b64 := base64.RawStdEncoding
	v := verifier{salt: make([]byte, saltSize), hash: make([]byte, hashSize)}
	rand.Read(v.salt)
	if generated {
		v.hash = v.of(password)
		return sha256Prefix + b64.EncodeToString(v.salt) + "$" + b64.EncodeToString(v.hash)
	}
	v.time, v.memory, v.threads = argon2Time, argon2Memory, argon2Threads
	v.hash = v.of(password)
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s", argon2Prefix, argon2.Version, v.memory, v.time, v.threads,
		b64.EncodeToString(v.salt), b64.EncodeToString(v.hash))
}

// IsVerifier reports whether s is meant as what [Verifier] returns rather than as
// a password. Whether it is a whole one, [NewCredentials] tells.
func IsVerifier(s string) bool {
	return strings.HasPrefix(s, sha256Prefix) || strings.HasPrefix(s, argon2Prefix)
}

var errVerifier = errors.New("the password looks like a verifier written by ppm but is not a whole one; " +
	"copy all of it again, or set a new password")

func parseVerifier(s string) (v verifier, err error) {
	parts := strings.Split(s, "$")
	switch {
	case strings.HasPrefix(s, sha256Prefix) && len(parts) == 4:
	case strings.HasPrefix(s, argon2Prefix) && len(parts) == 6:
		var version int
		if n, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &v.memory, &v.time, &v.threads); n != 4 || err != nil {
			return v, errVerifier
		}
		if version != argon2.Version || v.time < 1 || v.time > argon2MaxTime || v.threads < 1 || v.threads > argon2MaxThreads ||
			v.memory < 8*uint32(v.threads) || v.memory > argon2MaxMemory {
			return v, fmt.Errorf("the password's verifier asks for %s and %s, which this program does not do; set a new password", parts[2], parts[3])
		}
	default:
		return v, errVerifier
	}
	salt, hash := parts[len(parts)-2], parts[len(parts)-1]
	if v.salt, err = base64.RawStdEncoding.DecodeString(salt); err != nil || len(v.salt) < 8 || len(v.salt) > 64 {
		return v, errVerifier
	}
	if v.hash, err = base64.RawStdEncoding.DecodeString(hash); err != nil || len(v.hash) < 16 || len(v.hash) > 64 {
		return v, errVerifier
	}
	if v.time == 0 && len(v.hash) != sha256.Size {
		return v, errVerifier
	}
	return v, nil
}

// slow reports whether a check costs enough to be done one at a time.
func (v verifier) slow() bool { return v.time > 0 }

// matches reports whether password is the right one, in a time that does not
// depend on how wrong it is.
func (v verifier) matches(password string) bool {
	return subtle.ConstantTimeCompare(v.of(password), v.hash) == 1
}

func (v verifier) of(password string) []byte {
	if v.slow() {
		return argon2.IDKey([]byte(password), v.salt, v.time, v.memory, v.threads, uint32(len(v.hash)))
	}
	mac := hmac.New(sha256.New, v.salt)
	mac.Write([]byte(password))
	return mac.Sum(nil)
}
