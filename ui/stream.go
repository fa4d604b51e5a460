package ui

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// A line is one line of a streamed answer: an exported notification, an item of
// something else, how far it has come, or the last line, which tells how it
// ended. Without a last line an answer is incomplete.
type line struct {
	*Exported
	Item  json.RawMessage `json:"item,omitempty"`
	Done  *int            `json:"done,omitempty"`
	Total *int            `json:"total,omitempty"`
	End   bool            `json:"end,omitempty"`
	Error string          `json:"error,omitempty"`
}

// itemLine returns a line with v.
func itemLine(v any) (line, error) {
	text, err := json.Marshal(v)
	return line{Item: text}, err
}

// lines writes a streamed answer.
type lines struct {
	w       http.ResponseWriter
	out     *bufio.Writer
	enc     *json.Encoder
	begun   bool
	flushed time.Time
}

func newLines(w http.ResponseWriter) *lines {
	out := bufio.NewWriterSize(w, 32<<10)
	return &lines{w: w, out: out, enc: json.NewEncoder(out), flushed: time.Now()}
}

// write adds l to the answer and sends what there is, if it has not for a
// moment. A caller who takes nothing for plainTime is given up on.
func (s *lines) write(l line) error {
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	}
	now := time.Now()
	if s.flushed.Before(now.Add(-time.Second)) {
		if err := s.flush(now); err != nil {
			return err
		}
	}
	return s.enc.Encode(l)
}

// send is write for a line that cannot wait.
func (s *lines) send(l line) error {
	if err := s.write(l); err != nil {
		return err
	}
	return s.flush(time.Now())
}

func (s *lines) flush(now time.Time) error {
	s.flushed = now
	to := http.NewResponseController(s.w)
	to.SetWriteDeadline(now.Add(plainTime))
	if err := s.out.Flush(); err != nil {
		return err
	}
	return to.Flush()
}

// finish ends the answer with how it went.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, l *lines, err error) {
	switch {
	case err == nil:
		l.send(line{End: true})
	case !l.begun:
		s.fault(w, r, err)
	case stopping(r):
		l.send(line{Error: errStopping.Error()})
	case r.Context().Err() != nil: // the caller has gone
	default:
		s.log.Warn("streamed answer broken off", "path", r.URL.Path, "err", err)
		l.send(line{Error: err.Error()})
	}
}

// tick is how often an answer that takes a while shows that it is still coming.
const tick = 500 * time.Millisecond

// wait answers with what work returns as the one item, however long that takes.
// It tells how far it has come as often as tick, from what progress has been told;
// the work must not be held up by a caller who doesn't listen.
func (s *Server) wait(w http.ResponseWriter, r *http.Request, work func(progress func(done, total int)) (any, error)) {
	type outcome struct {
		v   any
		err error
	}
	var done, total atomic.Int64
	ended := make(chan outcome, 1)
	go func() {
		v, err := work(func(d, t int) { total.Store(int64(t)); done.Store(int64(d)) })
		ended <- outcome{v, err}
	}()
	l := newLines(w)
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case o := <-ended:
			if o.err == nil && o.v != nil {
				item, err := itemLine(o.v)
				o.err = errors.Join(err, l.write(item))
			}
			s.finish(w, r, l, o.err)
			return
		case <-ticks.C:
			d, t := int(done.Load()), int(total.Load())
			l.send(line{Done: &d, Total: &t})
		}
	}
}
