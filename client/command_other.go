//go:build !windows

package client

import "syscall"

func (command) attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

// systemFolder is where Windows keeps its own programs, for tests of what would
// be done there.
func systemFolder() string { return `C:\Windows\System32` }
