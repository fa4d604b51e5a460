//go:build !linux && !windows

package client

import "syscall"

// dieWithUs can do nothing here: a program outlives ppm if that is killed.
func dieWithUs(*syscall.SysProcAttr) {}
