// Ppm is the Partner Process Manager: it receives Clearmatch's notifications,
// keeps them, and shows what it has kept. This package is the commands and the
// composition of the service; everything else is in the packages beside it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"processmanager/config"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}

// The exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// A program is what a command has of the world. Its context ends with the first
// interrupt.
type program struct {
	context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	data           string // as given with --data
}

// run runs one command line and returns its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	ctx, stop := interruptible(stderr)
	defer stop()
	p := &program{Context: ctx, stdin: stdin, stdout: stdout, stderr: stderr, environ: environ}
	err := p.command(args)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		p.say("interrupted")
		return exitFailed
	case errors.As(err, &usage):
		p.say("%s\nRun \"ppm --help\" for the commands, \"ppm COMMAND --help\" for one of them.", usage)
		return exitUsage
	}
	p.say("%s", err)
	return exitFailed
}

// A usageError is a command line that cannot be understood.
type usageError string

func (e usageError) Error() string { return string(e) }

// say tells the person at the terminal something that is not data.
func (p *program) say(format string, args ...any) {
	fmt.Fprintln(p.stderr, "ppm: "+strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
}

// folder returns the absolute path of the data folder.
func (p *program) folder() (string, error) {
	return config.DataFolder(p.data, p.environ, false)
}

// env returns a variable of the environment, or "".
func (p *program) env(name string) string {
	for _, e := range p.environ {
		if n, value, _ := strings.Cut(e, "="); n == name {
			return value
		}
	}
	return ""
}

// interruptible returns a context that ends with the first interrupt, so that
// what was begun can be finished. The second one ends the process at once.
func interruptible(stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
			return
		}
		cancel()
		if _, again := <-signals; again {
			fmt.Fprintln(stderr, "ppm: ended at once")
			os.Exit(exitFailed)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
		close(signals)
	}
}
