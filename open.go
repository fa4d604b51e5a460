package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"

	"github.com/cli/browser"

	"processmanager/ui"
)

type openCmd struct {
	Print bool `help:"Only print the link."`
	JSON  bool `name:"json" help:"Only print the link, as a JSON object."`
}

func (openCmd) Help() string {
	return `Opens the dashboard of the ppm that runs here in the browser, and prints the link.
The link lets one browser in, once, and for a minute; the browser stays signed in
until it has not been used for twelve hours or ppm ends. Whoever can read the data
folder can make such a link, and nobody else.

Examples:

    ppm open
    ppm open --print`
}

// Run runs ppm open.
func (c *openCmd) Run(p *program) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	r, err := findRunning(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("ppm is not running, and the dashboard is a part of it: start it with \"ppm\"")
	}
	if err != nil {
		return err
	}
	service, err := r.remote()
	if err != nil {
		return err
	}
	defer service.Close()
	opening, err := service.Open(p, p.by())
	if errors.Is(err, ui.ErrAway) {
		return fmt.Errorf("ppm does not run any more, or does not answer: start it with \"ppm\" (%w)", err)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(opening)
	}
	if _, err := fmt.Fprintln(p.stdout, opening.Link); err != nil || c.Print {
		return err
	}
	if !hasBrowser(p.env) {
		p.say("no screen is there to open a browser on; open the link on this computer, within a minute")
		return nil
	}
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	if err := browser.OpenURL(opening.Link); err != nil {
		p.say("the browser could not be opened (%v); open the link within a minute", err)
	}
	return nil
}

// hasBrowser reports whether there is a screen for a browser, as far as one can tell.
func hasBrowser(env func(string) string) bool {
	switch runtime.GOOS {
	case "windows", "darwin":
		return true
	}
	return env("DISPLAY") != "" || env("WAYLAND_DISPLAY") != ""
}
