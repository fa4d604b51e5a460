package main

import (
	"os/user"
	"strings"
)

// by returns who runs this command, as this machine calls the account, for the
// audit log.
func (p *program) by() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	for _, name := range []string{"USERNAME", "USER", "LOGNAME"} { // no entry for the account, as in a container
		if v := strings.TrimSpace(p.env(name)); v != "" {
			return v
		}
	}
	return "unknown"
}
