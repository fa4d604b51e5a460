package client

import (
	"fmt"
	"strings"
	"sync"
)

// keptOutput is how much of what a program printed is kept, in bytes.
const keptOutput = 64 << 10

// An output keeps what a program prints, the errors among the rest, cut to
// [keptOutput]: the beginning and the end. All of it is taken, so that the
// program never waits for a reader.
type output struct {
	mu     sync.Mutex
	head   []byte
	tail   tail
	middle int64 // bytes between head and what is in tail or went through it
	errors tail
}

func newOutput() *output {
	// The line that stands for what was left out needs some room as well.
	return &output{tail: tail{max: keptOutput/2 - 64}, errors: tail{max: 4 << 10}}
}

// stdout returns the writer for what the program prints.
func (o *output) stdout() writer { return func(p []byte) { o.keep(p) } }

// stderr returns the writer for its errors.
func (o *output) stderr() writer {
	return func(p []byte) {
		o.keep(p)
		o.mu.Lock()
		o.errors.write(p)
		o.mu.Unlock()
	}
}

func (o *output) keep(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(len(p), keptOutput/2-len(o.head))
	o.head = append(o.head, p[:n]...)
	o.tail.write(p[n:])
	o.middle += int64(len(p) - n)
}

// kept returns the output, or its beginning and end with a line between them
// that tells how much is missing.
func (o *output) kept() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	end := o.tail.bytes()
	kept := append([]byte(nil), o.head...)
	if missing := o.middle - int64(len(end)); missing > 0 {
		kept = fmt.Appendf(kept, "\n… %d bytes left out …\n", missing)
	}
	return append(kept, end...)
}

// lastError returns the last line that the program printed as an error, short
// and as plain text; "" if there is none.
func (o *output) lastError() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := strings.FieldsFunc(string(o.errors.bytes()), func(r rune) bool { return r == '\n' || r == '\r' })
	for len(lines) > 0 {
		if line := oneLine(lines[len(lines)-1], 300); line != "" {
			return line
		}
		lines = lines[:len(lines)-1]
	}
	return ""
}

// A tail keeps the last max bytes written to it.
type tail struct {
	max int
	b   []byte
}

func (t *tail) write(p []byte) {
	if len(p) > t.max {
		p = p[len(p)-t.max:]
	}
	if len(t.b)+len(p) > 2*t.max {
		t.b = append(t.b[:0], t.bytes()...)
	}
	t.b = append(t.b, p...)
}

func (t *tail) bytes() []byte { return t.b[max(0, len(t.b)-t.max):] }

// A writer is an io.Writer that never fails.
type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}
