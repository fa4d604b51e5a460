//go:build !linux && !darwin && !windows

package sqlite

import (
	"math"
	"path/filepath"
)

// resolve returns where the folder dir really lies.
func resolve(dir string) (string, error) { return filepath.EvalSymlinks(dir) }

// FreeSpace knows no bound on this system: a full disk shows when a write fails.
func FreeSpace(string) (bytes uint64, err error) { return math.MaxUint64, nil }

// networkDrive recognizes none on this system.
func networkDrive(string) (string, error) { return "", nil }
