package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"processmanager/ppm"
)

// exitTryAgain is the exit status by which a program says that another attempt
// may go better: EX_TEMPFAIL of sysexits.h.
const exitTryAgain = 75

type programSettings struct {
	Path        string            `name:"path" help:"The program, by its whole path. A PowerShell script (.ps1) is run by PowerShell; for a script of another language give the interpreter here and the script as the first of the arguments." example:"/usr/bin/python3"`
	Arguments   []string          `name:"arguments" help:"What it is started with, each time the same. What is delivered comes by standard input." example:"[\"/opt/crm/new.py\"]"`
	Folder      string            `name:"folder" help:"The folder it runs in. Without a word, the one that it lies in." example:"/opt/crm"`
	Environment map[string]string `name:"environment" help:"Further environment variables. They are no place for passwords, for they are shown." example:"{\"CRM\":\"test\"}"`
	Timeout     time.Duration     `name:"timeout" default:"1m" help:"How long it may take. Then it is ended, with all that it has started, and tried again." example:"5m"`
	payloadSettings
}

// A programWay reaches a client that is a program of this machine: started for each
// attempt, with the delivery on its standard input.
type programWay struct {
	command
	name        string // as the settings have it: a script where the command is its interpreter
	folder      string
	environment map[string]string
	timeout     time.Duration
	payload     payload
}

func openProgram(c ppm.Client, settings any, _ Options) (Way, Faults) {
	s := settings.(*programSettings)
	var faults Faults
	p := programWay{name: s.Path, folder: s.Folder, environment: s.Environment, timeout: s.Timeout}
	switch {
	case s.Path == "":
		faults.add("path", "missing", "write the whole path of the program")
	case !filepath.IsAbs(s.Path):
		faults.add("path", fmt.Sprintf("%q is not a whole path", s.Path), "write where it lies from the root or the drive on, for the PATH of a service is not yours")
	default:
		p.command = newCommand(runtime.GOOS, s.Path, s.Arguments, &faults)
	}
	switch {
	case s.Folder == "":
		p.folder = filepath.Dir(s.Path)
	case !filepath.IsAbs(s.Folder):
		faults.add("folder", fmt.Sprintf("%q is not a whole path", s.Folder), "write where it lies from the root or the drive on")
	}
	checkEnvironment(s.Environment, &faults)
	checkTimeout(&faults, s.Timeout)
	p.payload = newPayload(s.payloadSettings, c.Data, &faults)
	return p, faults
}

// Deliver runs the program once.
func (p programWay) Deliver(ctx context.Context, parcel ppm.Parcel) (ppm.Response, error) {
	stdin, err := p.payload.of(parcel)
	if err != nil {
		return ppm.Response{}, err
	}
	if _, err := os.Stat(p.name); errors.Is(err, fs.ErrNotExist) {
		return ppm.Response{}, fmt.Errorf("start %s: there is no such file: install the program, or change the setting path", p.name)
	}
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	state, said, err := process{
		command:     p.command,
		folder:      p.folder,
		environment: environment(p.environment, parcel, p.batch),
		stdin:       stdin,
	}.run(limited)
	var response ppm.Response
	if said != nil {
		response.Excerpt = said.kept()
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return response, fmt.Errorf("%s had not ended after the %s it may take (timeout), and was ended with all that it had started", p.name, p.timeout)
	case err != nil && state == nil:
		return response, fmt.Errorf("start %s: %w", p.name, p.whyNot(err))
	case err != nil:
		return response, fmt.Errorf("run %s: %w", p.name, err)
	}
	response.Status = max(0, state.ExitCode())
	return response, p.verdict(state, said)
}

// Close has nothing to let go of.
func (p programWay) Close() error { return nil }

// verdict returns what the end of the program says about the delivery.
func (p programWay) verdict(state *os.ProcessState, said *output) error {
	if state.Success() {
		return nil
	}
	last := ""
	if line := said.lastError(); line != "" {
		last = ": " + line
	}
	if how, yes := crashed(state); yes {
		return fmt.Errorf("%s: %s%s", p.name, how, last)
	}
	err := fmt.Errorf("%s: exit status %d%s", p.name, state.ExitCode(), last)
	if state.ExitCode() == exitTryAgain {
		return err
	}
	return ppm.PermanentError{Err: err}
}

// whyNot says what an operator can do about a program that did not start. All
// of it can be mended, so it is tried again.
func (p programWay) whyNot(err error) error {
	switch info, staterr := os.Stat(p.folder); {
	case errors.Is(staterr, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s to run in: make it, or change the setting folder", p.folder)
	case staterr == nil && !info.IsDir():
		return fmt.Errorf("%s, where it should run, is no folder: change the setting folder", p.folder)
	}
	info, staterr := os.Stat(p.path)
	switch {
	case errors.Is(err, exec.ErrNotFound), p.path != p.name && errors.Is(staterr, fs.ErrNotExist):
		return errors.New("PowerShell is not installed, or not in the PATH that ppm was started with")
	case staterr == nil && info.IsDir():
		return errors.New("it is a folder: change the setting path")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("it may not be run by the account that ppm runs as: allow that (chmod +x), or give the interpreter as path and the script as the first of the arguments")
	case errors.Is(err, syscall.ENOEXEC), strings.Contains(err.Error(), "not a valid Win32 application"):
		return errors.New("it is no program for this system: give the interpreter as path and the script as the first of the arguments, or begin the script with #! and the interpreter")
	}
	return err
}
