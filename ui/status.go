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
	LastBackup *time.Time `json:"last_backup,omitempty"` // the newest in backups/, UTC
}

// Healthy is what Health says while notifications can be accepted.
const Healthy = "ok"
