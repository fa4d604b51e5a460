package client

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// grace is how long a program that has been asked to end may take, and how
// long its output is waited for once it has ended.
const grace = 5 * time.Second

// A process is a program to be run once.
type process struct {
	command
	folder      string
	environment []string
	stdin       []byte
}

// run runs the program until it ends or ctx does, then ends whatever it has
// left running, and returns how it ended and what it printed. The error is
// ctx's if that came first; an exit status is none.
func (p process) run(ctx context.Context) (*os.ProcessState, *output, error) {
	// On Linux the program is killed when the thread that started it ends. Kept
	// for ourselves, it doesn't.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	said := newOutput()
	cmd := exec.CommandContext(ctx, p.path)
	cmd.Args = append([]string{p.path}, p.arguments...)
	cmd.Dir, cmd.Env = p.folder, p.environment
	cmd.Stdin = bytes.NewReader(p.stdin)
	cmd.Stdout, cmd.Stderr = said.stdout(), said.stderr()
	cmd.SysProcAttr = p.attributes()
	tree, err := newTree(cmd)
	if err != nil {
		return nil, said, err
	}
	defer tree.kill()
	// Who ignores being asked to end, or has left others that hold the pipes, is
	// waited for only so long.
	cut, known := false, make(chan struct{})
	cmd.Cancel = func() error {
		<-known // which tree it is
		cut = true
		return tree.end()
	}
	cmd.WaitDelay = grace
	if err := cmd.Start(); err != nil {
		return nil, said, err
	}
	err = tree.started(cmd.Process)
	close(known)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, said, err
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case cut && err != nil:
		return cmd.ProcessState, said, context.Cause(ctx)
	case errors.As(err, &exit), errors.Is(err, exec.ErrWaitDelay):
		err = nil
	}
	return cmd.ProcessState, said, err
}
