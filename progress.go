package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// A progress tells on standard error how far something has come that takes
// longer than a second: on a terminal in one line that is written over, else a
// line every five seconds. It tells by the clock, not when something happens, so
// that a long silence is told too.
type progress struct {
	done, total atomic.Int64
	stop, ended chan struct{}
}

// progress begins to tell: what has been done, and what is left to do once all
// of it has been (may be empty).
func (p *program) progress(what, then string) *progress {
	g := &progress{stop: make(chan struct{}), ended: make(chan struct{})}
	go g.tell(p, what, then)
	return g
}

// at takes note that done are done, of total if that is known (else 0).
func (g *progress) at(done, total int) {
	g.total.Store(int64(total))
	g.done.Store(int64(done))
}

// end stops telling and clears the line.
func (g *progress) end() {
	select {
	case <-g.stop:
	default:
		close(g.stop)
	}
	<-g.ended
}

func (g *progress) tell(p *program, what, then string) {
	defer close(g.ended)
	terminal := terminalWidth(p.stderr) > 0
	first, every := 5*time.Second, 5*time.Second
	if terminal {
		first, every = time.Second, 200*time.Millisecond
	}
	width := 0
	for wait := first; ; wait = every {
		select {
		case <-g.stop:
			if width > 0 {
				fmt.Fprintf(p.stderr, "\r%s\r", strings.Repeat(" ", width))
			}
			return
		case <-time.After(wait):
		}
		text := "ppm: " + what + " " + g.text()
		if total := g.total.Load(); then != "" && total > 0 && g.done.Load() == total {
			text = "ppm: " + then
		}
		if !terminal {
			fmt.Fprintln(p.stderr, text)
			continue
		}
		fmt.Fprintf(p.stderr, "\r%s%s", text, strings.Repeat(" ", max(0, width-len(text))))
		width = len(text)
	}
}

func (g *progress) text() string {
	done, total := g.done.Load(), g.total.Load()
	if total == 0 {
		return fmt.Sprint(done)
	}
	return fmt.Sprintf("%d %%", done*100/total)
}
