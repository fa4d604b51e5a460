package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// confirm has a person at a terminal type yes. Without a terminal nobody can be
// asked, and the answer is no.
func (p *program) confirm(what string) error {
	if f, ok := p.stdin.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return usageError("nobody can be asked here whether you are sure: add --yes if you are")
	}
	fmt.Fprintf(p.stderr, "%s\nType yes to go on: ", what)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.stdin).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-p.Done():
		return p.Err()
	case line := <-answer:
		if !strings.EqualFold(line, "yes") {
			return errors.New("nothing was changed")
		}
	}
	return nil
}
