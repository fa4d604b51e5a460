//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"time"
)

// commandLimit is how long a command may print nothing before it counts as
// stuck: the list of a large store takes its time.
const commandLimit = 2 * time.Minute

// A commandError is a command that ended with another exit status than 0.
type commandError struct {
	args   []string
	status int
	stderr string
}

func (e *commandError) Error() string {
	return fmt.Sprintf("ppm %s: exit status %d: %s", e.args[0], e.status, tail(e.stderr))
}

// ppm runs a command on the data folder and returns what it printed.
func (l *lab) ppm(data string, args ...string) ([]byte, error) {
	var out bytes.Buffer
	err := l.pipe(data, &out, args...)
	return out.Bytes(), err
}

// pipe runs a command on the data folder; what it prints goes to w.
func (l *lab) pipe(data string, w io.Writer, args ...string) error {
	ctx, cancel := context.WithCancel(l)
	defer cancel()
	stuck := time.AfterFunc(commandLimit, cancel)
	defer stuck.Stop()
	cmd := l.command(ctx, data, args...)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = heard{w, stuck}, &stderr
	err := cmd.Run()
	if ctx.Err() != nil && l.Err() == nil {
		return fmt.Errorf("ppm %s printed nothing for %v: %w", args[0], commandLimit, err)
	}
	return ended(cmd, err, stderr.String())
}

// heard puts off the end of a command that prints something.
type heard struct {
	io.Writer
	stuck *time.Timer
}

func (h heard) Write(b []byte) (int, error) {
	h.stuck.Reset(commandLimit)
	return h.Writer.Write(b)
}

// ended returns err, how a command ended, as a *commandError where it is the
// command's own doing.
func ended(cmd *exec.Cmd, err error, stderr string) error {
	if bug := bug(stderr); bug != nil {
		return fmt.Errorf("ppm %s: %w", cmd.Args[1], bug)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return &commandError{cmd.Args[1:], exit.ExitCode(), stderr}
	}
	return err
}

// command prepares a command on the data folder without starting it.
func (l *lab) command(ctx context.Context, data string, args ...string) *exec.Cmd {
	args = append(args[:len(args):len(args)], "--data", data)
	cmd := exec.CommandContext(ctx, l.program.path, args...)
	cmd.Env = append(environment(l.dir), "PPM_SEND_PASSWORD="+password)
	return cmd
}

// status is what ppm status says, as far as it is checked.
type status struct {
	Accepted      int64 `json:"accepted"`
	Redeliveries  int64 `json:"redeliveries"`
	Rejected      int64 `json:"rejected"`
	Notifications struct {
		Queued   int64 `json:"queued"`
		Complete int64 `json:"complete"`
		Failed   int64 `json:"failed"`
	} `json:"notifications"`
	Deliveries struct {
		Waiting   int64 `json:"waiting"`
		Delivered int64 `json:"delivered"`
		GaveUp    int64 `json:"gave_up"`
		Held      int64 `json:"held"`
	} `json:"deliveries"`
}

func (l *lab) status(data string) (s status, err error) {
	out, err := l.ppm(data, "status", "--json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return s, fmt.Errorf("ppm status --json printed %s: %w", head(string(out)), err)
	}
	return s, nil
}

// list calls row for the newest notifications as ppm list tells them, limit 0
// for all.
func (l *lab) list(data string, limit int, row func(stored)) error {
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(l.pipe(data, w, "list", "--json", "--limit", strconv.Itoa(limit)))
	}()
	defer r.Close()
	for d, n := json.NewDecoder(r), 1; ; n++ {
		var record struct {
			six
			Receipt    string `json:"receipt"`
			Arrivals   int    `json:"arrivals"`
			BodySHA256 string `json:"bodySha256"`
		}
		err := d.Decode(&record)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("ppm list --json, line %d: %w", n, err)
		}
		s := stored{six: record.six, receipt: record.Receipt, arrivals: record.Arrivals}
		if s.first, err = parseHash(record.BodySHA256); err != nil {
			return fmt.Errorf("ppm list --json, receipt %s: %w", record.Receipt, err)
		}
		row(s)
	}
}
