package main

import (
	"fmt"
	"io"
)

// readAll reads what is in from, at most limit bytes of it. An interrupt ends
// the wait for more; the read itself then goes on until the process ends.
func (p *program) readAll(what string, from io.Reader, limit int64) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(from, limit+1))
		done <- result{text, err}
	}()
	select {
	case <-p.Done():
		return nil, p.Err()
	case r := <-done:
		switch {
		case p.Err() != nil: // what was cut off is not what was meant
			return nil, p.Err()
		case r.err != nil:
			return nil, fmt.Errorf("read %s: %w", what, r.err)
		case int64(len(r.text)) > limit:
			return nil, fmt.Errorf("read %s: it is larger than %s; is it the right file?", what, byteSize(limit))
		}
		return r.text, nil
	}
}
