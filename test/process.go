//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// The credentials every process is started with.
const (
	username = "clearmatch"
	password = "p4-Ysr2mWq8Lk0tVb6Zn3Xc9"
)

// startLimit is how long a start may take before it counts as stuck. That it is
// quick is a promise of its own, measured in P1.
const startLimit = 60 * time.Second

// A process is a running ppm serve.
type process struct {
	cmd      *exec.Cmd
	log      string        // the file its standard error goes to
	logFrom  int64         // where this process began in it
	ready    chan struct{} // closed when it is ready; then there are
	receiver string        // where to post
	started  time.Duration // from the start to the ready line
	ended    chan struct{} // closed when it has ended; then there is
	err      error         // how it ended
}

var readyLine = regexp.MustCompile(`^ready receiver=(\S+) dashboard=(\S+)`)

// A refusal is what a ppm that ended before it was ready had to say.
type refusal struct {
	err    error
	stderr string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("ppm serve ended before it was ready: %v; it said: %s", r.err, tail(r.stderr))
}

// serve starts ppm serve on the data folder and waits for its ready line. The
// words of wrap come before the program's own, as in "prlimit --nofile=64". A ppm
// that ends instead of becoming ready is a *refusal.
func (l *lab) serve(data string, wrap ...string) (*process, error) {
	p, err := l.launch(data, wrap...)
	if err != nil {
		return nil, err
	}
	limit, cancel := context.WithTimeout(l, startLimit)
	defer cancel()
	select {
	case <-p.ready:
		return p, nil
	case <-p.ended:
	case <-limit.Done():
		p.end(syscall.SIGQUIT)
		return nil, fmt.Errorf("ppm serve was not ready within %v; it said: %s", startLimit, tail(p.stderr()))
	}
	select {
	case <-p.ready: // and ended at once
		return p, nil
	default:
	}
	if err := p.panicked(); err != nil {
		return nil, err
	}
	return nil, &refusal{p.err, p.stderr()}
}

// launch starts ppm serve on the data folder.
func (l *lab) launch(data string, wrap ...string) (*process, error) {
	args := append(wrap[:len(wrap):len(wrap)], l.program.path, "serve", "--data", data)
	p := &process{cmd: exec.Command(args[0], args[1:]...), ready: make(chan struct{}), ended: make(chan struct{})}
	p.cmd.Env = environment(l.dir)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for the checker, which then stops us
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// One log for each data folder, outside of it: that disk may be broken.
	p.log = filepath.Join(l.dir, "stderr-"+filepath.Base(data)+".log")
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if info, err := log.Stat(); err == nil {
		p.logFrom = info.Size()
	}
	p.cmd.Stderr = log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	l.cleanup(func() error { p.end(syscall.SIGKILL); return nil })
	go p.watch(stdout, began)
	return p, nil
}

// watch waits for the ready line and for the end.
func (p *process) watch(stdout io.Reader, began time.Time) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
			p.started, p.receiver = time.Since(began), m[1]
			close(p.ready)
			break
		}
	}
	_, _ = io.Copy(io.Discard, stdout) // what follows must not fill the pipe
	p.err = p.cmd.Wait()
	close(p.ended)
}

// environment is what every ppm is run with, and nothing of the developer's own.
func environment(home string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"PPM_RECEIVER_LISTEN=127.0.0.1:0",
		"PPM_DASHBOARD_LISTEN=127.0.0.1:0",
		"PPM_RECEIVER_USERNAME=" + username,
		"PPM_RECEIVER_PASSWORD=" + password,
	}
}

// kill ends the process as the out-of-memory killer would.
func (p *process) kill() error {
	if !p.running() {
		return fmt.Errorf("ppm serve had ended by itself: %v; it said: %s", p.err, tail(p.stderr()))
	}
	p.end(syscall.SIGKILL)
	return p.panicked()
}

// stop ends the process as systemd would, and wants it to have ended well.
func (p *process) stop() error {
	if !p.running() {
		return fmt.Errorf("ppm serve had ended by itself: %v; it said: %s", p.err, tail(p.stderr()))
	}
	if !p.end(syscall.SIGTERM) {
		return fmt.Errorf("ppm serve did not stop within a minute of SIGTERM; it said: %s", tail(p.stderr()))
	}
	if err := p.panicked(); err != nil {
		return err
	}
	if p.err != nil {
		return fmt.Errorf("ppm serve, stopped by SIGTERM: %w; it said: %s", p.err, tail(p.stderr()))
	}
	return nil
}

// end sends sig and waits; what does not end within a minute is killed, and
// end returns false.
func (p *process) end(sig syscall.Signal) bool {
	if !p.running() {
		return true
	}
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.ended:
		return true
	case <-time.After(time.Minute):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
	return false
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// panicked returns an error when the process died of a bug.
func (p *process) panicked() error {
	return bug(p.stderr())
}

// bug returns an error when what a ppm said is what Go says of a crash.
func bug(stderr string) error {
	for _, sign := range []string{"panic: ", "fatal error: ", "DATA RACE", "SIGSEGV"} {
		if i := strings.Index(stderr, sign); i >= 0 {
			return fmt.Errorf("it panicked: %s", head(stderr[i:]))
		}
	}
	return nil
}

// stderr returns what this process has said so far.
func (p *process) stderr() string {
	b, err := os.ReadFile(p.log)
	if err != nil || int64(len(b)) < p.logFrom {
		return ""
	}
	return string(b[p.logFrom:])
}

// refuse starts ppm on the data folder and wants it to end without becoming
// ready, with exit status 1 and every one of the words in its reason.
func (l *lab) refuse(data string, words ...string) error {
	p, err := l.serve(data)
	if err == nil {
		p.end(syscall.SIGKILL)
		return errors.New("ppm serve started, and should have refused")
	}
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	var exit *exec.ExitError
	if !errors.As(r.err, &exit) || exit.ExitCode() != 1 {
		return fmt.Errorf("exit status is not 1: %w", r)
	}
	for _, word := range words {
		if !strings.Contains(strings.ToLower(r.stderr), strings.ToLower(word)) {
			return fmt.Errorf("the reason does not say %q: %s", word, tail(r.stderr))
		}
	}
	return nil
}

// tail returns the last lines of s, head the first: a reason, not a log.
func tail(s string) string {
	return strings.TrimSpace(s[max(0, len(s)-800):])
}

func head(s string) string {
	return strings.TrimSpace(s[:min(len(s), 800)])
}
