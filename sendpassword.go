package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// password returns the password to post with, from where others cannot see it.
func (c *sendCmd) password(p *program) (string, error) {
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	if v := p.env("PPM_SEND_PASSWORD"); v != "" {
		return v, nil
	}
	if c.File != "-" {
		if password, err := p.ask("Password of the receiver: "); !errors.Is(err, errNobody) {
			return password, err
		}
	}
	return "", errors.New(`the receiver's password is needed: set the variable PPM_SEND_PASSWORD, or name a file with --password-file.
ppm showed it once, at its first start, and keeps only what it needs to recognise it; "ppm config set receiver.password -" sets another`)
}

// errNobody: standard input is not a terminal, so nobody can be asked.
var errNobody = errors.New("there is nobody to ask")

// ask asks the person at the terminal for something that isn't shown.
func (p *program) ask(question string) (string, error) {
	f, ok := p.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", errNobody
	}
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return "", err
	}
	fmt.Fprint(p.stderr, question)
	type reply struct {
		text []byte
		err  error
	}
	replied := make(chan reply, 1)
	go func() {
		text, err := term.ReadPassword(int(f.Fd()))
		replied <- reply{text, err}
	}()
	select {
	case <-p.Done():
		term.Restore(int(f.Fd()), before) // or the terminal stays mute
		fmt.Fprintln(p.stderr)
		return "", p.Err()
	case r := <-replied:
		fmt.Fprintln(p.stderr)
		return string(r.text), r.err
	}
}
