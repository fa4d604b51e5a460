package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// DataFolder returns the absolute path of the data folder: flag, else PPM_DATA
// in environ, else the place that the operating system has for such things.
// service says whether a service of the system asks, or a person.
//
//	Windows  %ProgramData% or %LocalAppData%, \PartnerProcessManager
//	macOS    /Library or ~/Library, /Application Support/PartnerProcessManager
//	others   $STATE_DIRECTORY as systemd gives it; for a service /var/lib/partner-process-manager,
//	         for a person $XDG_DATA_HOME or ~/.local/share, /partner-process-manager
//
// Not $XDG_STATE_HOME: that is for what can be lost without much harm.
func DataFolder(flag string, environ []string, service bool) (string, error) {
	return dataFolder(runtime.GOOS, flag, environ, service)
}

func dataFolder(system, flag string, environ []string, service bool) (string, error) {
	env := func(name string) string { return lookUp(system, environ, name) }
	given := flag
	if given == "" {
		given = env("PPM_DATA")
	}
	if given != "" {
		dir, err := filepath.Abs(given)
		if err != nil {
			return "", fmt.Errorf("data folder: %w", err)
		}
		return dir, nil
	}
	var base string
	name := "/partner-process-manager"
	switch system {
	case "windows":
		name, base = `\PartnerProcessManager`, env("LocalAppData")
		if service {
			base = env("ProgramData")
		}
	case "darwin", "ios":
		name = "/Application Support/PartnerProcessManager"
		if service {
			base = "/Library"
		} else if home := env("HOME"); home != "" {
			base = home + "/Library"
		}
	default:
		// With several, systemd separates them by colons.
		if dir, _, _ := strings.Cut(env("STATE_DIRECTORY"), ":"); dir != "" {
			return dir, nil
		}
		if service {
			base = "/var/lib"
		} else if data := env("XDG_DATA_HOME"); strings.HasPrefix(data, "/") { // relative ones do not count, by the XDG specification
			base = data
		} else if home := env("HOME"); home != "" {
			base = home + "/.local/share"
		}
	}
	if base == "" {
		return "", errors.New("data folder: this account has no place for it; name one with --data or PPM_DATA")
	}
	return strings.TrimRight(base, `/\`) + name, nil
}

// lookUp returns the value of an environment variable. Windows does not care
// how its name is spelt.
func lookUp(system string, environ []string, name string) string {
	for _, e := range environ {
		n, value, _ := strings.Cut(e, "=")
		if n == name || system == "windows" && strings.EqualFold(n, name) {
			return value
		}
	}
	return ""
}

// Prepare makes the data folder dir, the folders in it, and a settings file
// that explains every setting, as far as they are not there yet. What it makes
// is its owner's alone; what is there already stays as it is.
func Prepare(dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, "certs"), filepath.Join(dir, "log"), filepath.Join(dir, "backups")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fmt.Errorf("make the data folder: %w", err)
		}
	}
	return createFile(Path(dir), []byte(defaultFile))
}
