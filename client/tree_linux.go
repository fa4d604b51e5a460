package client

import "syscall"

// dieWithUs has the process killed when the thread that starts it ends, and so
// when ppm is killed.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
