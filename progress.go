package main

import (
	"fmt"
	"strings"
	"time"
)

// A progress tells on standard error how far something has come that takes
// longer than a second: on a terminal in one line that is written over, else a
// line every five seconds.
type progress struct {
	p        *program
	what     string
	terminal bool
	begun    time.Time
	told     time.Time
	written  int // characters of the line on the terminal
}

func (p *program) progress(what string) *progress {
	now := time.Now()
	return &progress{p: p, what: what, terminal: terminalWidth(p.stderr) > 0, begun: now, told: now}
}

// at tells that done are done, of total if that is known (else 0).
func (g *progress) at(done, total int) {
	now := time.Now()
	every := 5 * time.Second
	if g.terminal {
		every = 200 * time.Millisecond
	}
	if now.Sub(g.begun) < time.Second || now.Sub(g.told) < every {
		return
	}
	g.told = now
	text := fmt.Sprintf("ppm: %s %d", g.what, done)
	if total > 0 {
		text = fmt.Sprintf("ppm: %s %d %%", g.what, int64(done)*100/int64(total))
	}
	if !g.terminal {
		fmt.Fprintln(g.p.stderr, text)
		return
	}
	fmt.Fprintf(g.p.stderr, "\r%s%s", text, strings.Repeat(" ", max(0, g.written-len(text))))
	g.written = len(text)
}

// end clears the line.
func (g *progress) end() {
	if g.written > 0 {
		fmt.Fprintf(g.p.stderr, "\r%s\r", strings.Repeat(" ", g.written))
	}
}
