//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// A fault is a system call that is made to fail. The calls are those that
// SQLite makes on its files, and no other part of the program does.
type fault struct {
	call  string
	errno string
	fatal bool // nothing can be stored while it lasts
}

var faults = []fault{
	{"fsync", "EIO", true},
	{"fsync", "ENOSPC", true},
	{"pwrite64", "EIO", true},
	{"pwrite64", "ENOSPC", true},
	{"ftruncate", "EIO", false},
	{"ftruncate", "ENOSPC", false},
}

func (f fault) String() string { return f.call + " " + f.errno }

// from returns the words that start a program in which the calls from the
// nth to the nth but three fail, counted for each thread; what is traced is
// written to the file log.
func (f fault) from(nth int, log string) []string {
	return []string{"strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", log,
		"-e", "trace=" + f.call, "-e", "signal=none",
		"-e", fmt.Sprintf("inject=%s:error=%s:when=%d..%d", f.call, f.errno, nth, nth+3)}
}

// strike makes every such call of the running process fail from now on; mend
// ends that.
func (l *lab) strike(p *process, f fault) (mend func() error, err error) {
	cmd := exec.Command("strace", "-f", "-p", fmt.Sprint(p.cmd.Process.Pid), "-o", os.DevNull,
		"-e", "trace="+f.call, "-e", "signal=none", "-e", fmt.Sprintf("inject=%s:error=%s", f.call, f.errno))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	attached := make(chan error, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewReader(said)
		line, err := lines.ReadString('\n')
		if !strings.Contains(line, " attached") {
			err = errors.Join(fmt.Errorf("strace: %s", strings.TrimSpace(line)), err)
		} else {
			err = nil
		}
		attached <- err
		_, _ = io.Copy(io.Discard, lines)
		_ = cmd.Wait() // it ends by our signal
	}()
	mend = func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM) // lets go of the process
		select {
		case <-ended:
			return nil
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			return errors.New("strace did not let go of the process")
		}
	}
	l.cleanup(mend)
	select {
	case err = <-attached:
	case <-time.After(20 * time.Second):
		err = errors.New("strace did not attach to the process within 20 s")
	}
	if err != nil {
		return nil, errors.Join(err, mend())
	}
	return mend, nil
}

// injected returns how many calls were made to fail, by the log of strace.
func injected(log string) (int, error) {
	b, err := os.ReadFile(log)
	return strings.Count(string(b), "(INJECTED)"), err
}
