package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// A Secret is text that must not be shown. Whatever prints, logs or encodes it
// gets "(set)", or nothing when it is empty; only [Secret.Reveal] gives the
// text. So a struct that was encoded cannot be read back.
//
// Package fmt reads unexported fields without asking their methods: keep a
// Secret in an exported field, or do not print what holds it.
type Secret string

const masked = "(set)"

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// String returns "(set)", or "" for the empty Secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format writes what String returns, whatever the verb and its flags.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText is String, for every encoding of text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON is String, as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// LogValue is String, for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
