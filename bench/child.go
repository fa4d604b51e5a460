package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	username = "bench"
	password = "benchmark-password"

	logName = "servers.log"
)

// A child is a server in a process of its own. The no-op and ours are started
// and driven alike, so that what differs is what they do with a body.
type child struct {
	cmd     *exec.Cmd
	url     string        // where to post
	ready   time.Duration // from start to its ready line
	drained chan struct{}
}

// startChild returns once the program has said that it is ready.
func (w *work) startChild(ctx context.Context, program string, args ...string) (*child, error) {
	log, err := os.OpenFile(filepath.Join(w.dir, logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	c := &child{cmd: exec.CommandContext(ctx, program, args...), drained: make(chan struct{})}
	c.cmd.Stderr = log
	c.cmd.Env = append(os.Environ(),
		"PPM_RECEIVER_LISTEN=127.0.0.1:0", "PPM_DASHBOARD_LISTEN=127.0.0.1:0",
		"PPM_RECEIVER_USERNAME="+username, "PPM_RECEIVER_PASSWORD="+password)
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for c.url == "" && lines.Scan() {
		if line, ok := strings.CutPrefix(lines.Text(), "ready receiver="); ok {
			c.ready = time.Since(began)
			c.url, _, _ = strings.Cut(line, " ")
		}
	}
	go func() {
		defer close(c.drained)
		io.Copy(io.Discard, out) // ends with the child
	}()
	if _, err := url.Parse(c.url); c.url == "" || err != nil {
		c.cmd.Process.Kill()
		return nil, errors.Join(fmt.Errorf("%s %s ended without a ready line; %s", program, strings.Join(args, " "), w.said()), c.stop())
	}
	return c, nil
}

// stop asks the child to end and waits for it. Where it cannot be asked, it is
// killed: what was answered 200 is on disk.
func (c *child) stop() error {
	if c.cmd.Process.Signal(syscall.SIGTERM) != nil {
		c.cmd.Process.Kill()
	}
	late := time.AfterFunc(30*time.Second, func() { c.cmd.Process.Kill() })
	<-c.drained
	err := c.cmd.Wait()
	if !late.Stop() {
		return fmt.Errorf("%s did not end within 30 s of being asked", c.cmd.Path)
	}
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil // however it ended, it did
	}
	return err
}

// said is the end of what the servers wrote to standard error.
func (w *work) said() string {
	b, err := os.ReadFile(filepath.Join(w.dir, logName))
	if err != nil {
		return err.Error()
	}
	return "the servers said last:\n" + string(b[max(0, len(b)-4000):])
}
