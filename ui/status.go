package ui

import (
	"time"

	"processmanager/ppm"
)

// A Status is what ppm status tells. The members after Version are for people
// and monitors; those that only a running service knows are left out without one.
type Status struct {
	ppm.Counts
	Version    string     `json:"version"`
	Running    bool       `json:"running"`
	Health     string     `json:"health"` // "ok", or in words why notifications cannot be accepted
	Receiver   string     `json:"receiver,omitempty"`
	Dashboard  string     `json:"dashboard,omitempty"`
	Since      *time.Time `json:"since,omitempty"` // when the service started, UTC
	PID        int        `json:"pid,omitempty"`
	Data       string     `json:"data"`                  // the data folder
	Free       *int64     `json:"free_bytes,omitempty"`  // left on its disk
	LastBackup *time.Time `json:"last_backup,omitempty"` // when the last proven one was begun, UTC

	Backup ppm.Backups `json:"backup"`

	Down    []Down   `json:"down,omitempty"`    // clients that are not reached at present
	Secrets *Secrets `json:"secrets,omitempty"` // nil: nothing waits for secrets

	Certificate *Certificate `json:"certificate,omitempty"` // nil while ppm does not run, or a proxy has it
}

// A Down is a client that is not reached at present, or the API when
// applications cannot be fetched.
type Down struct {
	Client  int64     `json:"client"` // 0: the API
	Name    string    `json:"name"`
	Since   time.Time `json:"since"`
	Error   string    `json:"error"`
	Waiting int64     `json:"waiting"` // deliveries, or applications to be fetched
}

// Secrets is what waits because its secrets are encrypted with a master key that
// is not at hand.
type Secrets struct {
	Error   string   `json:"error"`   // why, and what to do
	Waiting []string `json:"waiting"` // the names of clients, the API's among them
}

// A Certificate is what the receiver shows to senders.
type Certificate struct {
	Names    []string  `json:"names"`
	Until    time.Time `json:"until"`
	SHA256   string    `json:"sha256"`             // fingerprint, as AA:BB:…
	Error    string    `json:"error,omitempty"`    // what keeps senders, or a newer certificate, out; and what to do
	Warnings []string  `json:"warnings,omitempty"` // what may become an error
}

// Healthy is what Health says while notifications can be accepted.
const Healthy = "ok"
