//go:build !windows

package client_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// alive reports whether a process runs. One that has ended and waits to be
// noticed by its parent does not, where that can be told.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
