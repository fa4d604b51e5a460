//go:build !windows

package client

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// A tree is a process with all that it starts: a process group. A program that
// leaves the group, as daemons do, leaves the tree.
type tree struct {
	leader *os.Process
}

// newTree makes cmd, which has attributes and has not been started, the first
// of a tree.
func newTree(cmd *exec.Cmd) (*tree, error) {
	cmd.SysProcAttr.Setpgid = true
	dieWithUs(cmd.SysProcAttr)
	return &tree{}, nil
}

// started is told when the first process runs.
func (t *tree) started(p *os.Process) error {
	t.leader = p
	return nil
}

// end asks all of the tree to end.
func (t *tree) end() error { return t.signal(syscall.SIGTERM) }

// kill ends what is left of the tree without asking.
func (t *tree) kill() { _ = t.signal(syscall.SIGKILL) } // nobody left: all the better

// signal reaches everybody in the group, also after the leader is gone: the
// system does not give its number to others while the group has members.
func (t *tree) signal(s syscall.Signal) error {
	if t.leader == nil {
		return nil
	}
	err := syscall.Kill(-t.leader.Pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// crashed reports whether a program that ended with that state did not end by
// itself, and how.
func crashed(s *os.ProcessState) (how string, yes bool) {
	status, ok := s.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return "", false
	}
	return "it was ended from outside or broke down: " + status.Signal().String(), true
}
