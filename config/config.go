// Package config is the settings: their defaults, config.toml in the data
// folder, the environment, and what makes a value acceptable. It says where
// the data folder is and edits the file without disturbing what people wrote
// in it. What the settings do is the business of whoever reads them.
package config

import (
	_ "embed"
	"path/filepath"
	"time"
)

// FileName is the name of the settings file in the data folder.
const FileName = "config.toml"

// defaultFile is the settings file as [Prepare] writes it: every key with its
// help and, commented out, its default. It is also where this package takes
// the defaults and the help from, so that they are written down once.
//
//go:embed default.toml
var defaultFile string

// Config is every setting. The keys are those of config.toml; what [Load]
// returns has passed every check, so its readers need none of their own.
type Config struct {
	Receiver   Receiver   `toml:"receiver"`
	Dashboard  Dashboard  `toml:"dashboard"`
	Clearmatch Clearmatch `toml:"clearmatch"`
	Store      Store      `toml:"store"`
	Retention  Retention  `toml:"retention"`
	Backup     Backup     `toml:"backup"`

	origins map[string]Origin // by key; a key that is not here has its default
}

// Receiver says how notifications come in.
type Receiver struct {
	// Listen is a host and port. No host means every address of the machine;
	// port 0 any free one. With [ModeProxy] the host is a loopback address.
	Listen string `toml:"listen"`

	// Path is that of the URL that Clearmatch posts to: it begins with a slash,
	// needs no escaping and holds no query.
	Path string `toml:"path"`

	// Username is never empty and, as RFC 7617 wants, holds neither a colon nor
	// control characters.
	Username string `toml:"username"`

	// Password is either the text of the password or what the receiver keeps
	// instead, a verifier: that begins with "$sha256$" or "$argon2id$". Empty
	// means that one is still to be generated.
	Password Secret `toml:"password"`

	// PreviousPassword is accepted like Password, in either form. Empty: none.
	PreviousPassword Secret `toml:"previous_password"`

	// MaxConnections bounds the connections open at one time, 1 to 65535.
	MaxConnections int `toml:"max_connections"`

	// MaxConnectionsPerAddress bounds those from one remote address, 1 to 65535.
	MaxConnectionsPerAddress int `toml:"max_connections_per_address"`

	TLS TLS `toml:"tls"`
}

// The ways to come by a certificate, for [TLS.Mode].
const (
	ModeAutocert   = "autocert"    // from a certificate authority, by ACME
	ModeFiles      = "files"       // from files that someone else renews
	ModeSelfSigned = "self-signed" // made by ppm
	ModeProxy      = "proxy"       // none: plain HTTP from a proxy on the same machine
)

// TLS says which certificate the receiver shows.
type TLS struct {
	// Mode is one of [ModeAutocert], [ModeFiles], [ModeSelfSigned], [ModeProxy].
	Mode string `toml:"mode"`

	// Domain is the host name that Clearmatch posts to, without scheme or port.
	Domain string `toml:"domain"`

	// Cert is the absolute path of a PEM file with the certificate and its
	// chain, or of a PFX file (.pfx, .p12) that holds the key too; see [TLS.PFX].
	Cert string `toml:"cert"`

	// Key is the absolute path of the PEM file with the private key. Never
	// empty with [ModeFiles], except when Cert is a PFX file; then it does not count.
	Key string `toml:"key"`

	// Password opens the PFX file.
	Password Secret `toml:"password"`
}

// Dashboard says where a person on this machine looks at it all.
type Dashboard struct {
	// Listen is a loopback host and a port; port 0 means any free one.
	Listen string `toml:"listen"`
}

// Clearmatch says how to reach Clearmatch's API. Addresses are https, or http
// on a loopback host. Without APIBase nothing is fetched; with it all but
// Scope are there.
type Clearmatch struct {
	APIBase      string `toml:"api_base"`
	TokenURL     string `toml:"token_url"`
	ClientID     string `toml:"client_id"`
	ClientSecret Secret `toml:"client_secret"`
	Scope        string `toml:"scope"`
}

// Store says where notifications are kept.
type Store struct {
	// URL is empty for SQLite in the data folder. It is a Secret because the
	// address of a database server holds its password.
	URL Secret `toml:"url"`
}

// Retention says for how many days what is personal is kept; 0 is for ever.
type Retention struct {
	BodiesDays      int `toml:"bodies_days"`       // after a notification is complete
	DeadLettersDays int `toml:"dead_letters_days"` // after something gave up on it
}

// Backup says when backups are made by themselves, and where they go.
type Backup struct {
	// Daily is a time of day such as "02:10", by the clock of this machine; see
	// [Backup.Time]. Empty: none is made.
	Daily string `toml:"daily"`

	// Folder is an absolute path. Empty: backups in the data folder.
	Folder string `toml:"folder"`

	// Keep is how many are kept there, 1 to 65535.
	Keep int `toml:"keep"`

	// Passphrase encrypts them. Empty: they are not encrypted, and carry no
	// secret that can be read elsewhere.
	Passphrase Secret `toml:"passphrase"`
}

// Time returns the time of day, after midnight; ok is false if there is none.
func (b Backup) Time() (daily time.Duration, ok bool) {
	t, err := time.Parse("15:04", b.Daily)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil
}

// Default returns the settings as they are when nothing is said.
func Default() Config {
	var c Config
	for _, f := range c.fields() {
		f.mustSet(manual()[f.key].value)
	}
	return c
}

// Path returns where the settings file of the data folder dir is.
func Path(dir string) string { return filepath.Join(dir, FileName) }

// PFX reports whether the certificate is a PFX file, which holds the key too.
func (t TLS) PFX() bool {
	switch extension(t.Cert) {
	case ".pfx", ".p12":
		return true
	}
	return false
}
