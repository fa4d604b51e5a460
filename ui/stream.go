package ui

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// A line is one line of a streamed answer: an exported notification, how far a
// backup has come, or the last line, which tells how it ended. Without a last
// line an answer is incomplete.
type line struct {
	*Exported
	Done  *int   `json:"done,omitempty"`
	Total *int   `json:"total,omitempty"`
	End   bool   `json:"end,omitempty"`
	Error string `json:"error,omitempty"`
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

func (s *Server) apiExport(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	e := Exports{}
	e.Body, _ = strconv.ParseBool(q.Get("body"))
	if v := q.Get("since"); v != "" {
		var err error
		if e.Since, err = time.Parse(time.RFC3339Nano, v); err != nil {
			s.fault(w, r, badRequest("since: give a time such as 2026-01-31T00:00:00Z"))
			return
		}
	}
	l := newLines(w)
	err := Export(r.Context(), s.store, e, func(x Exported) error {
		return l.write(line{Exported: &x})
	})
	s.finish(w, r, l, err)
}

// backupTick is how often a backup tells how far it is.
const backupTick = 500 * time.Millisecond

func (s *Server) apiBackup(w http.ResponseWriter, r *http.Request) {
	var order backupOrder
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&order); err != nil {
		s.fault(w, r, badRequest(`give {"to":"…"}, the file to write`))
		return
	}
	if err := order.check(); err != nil {
		s.fault(w, r, err)
		return
	}
	// The store tells how far it is from where it writes, and must not be held
	// up by a caller who doesn't listen.
	var done, total atomic.Int64
	ended := make(chan error, 1)
	go func() {
		ended <- s.store.Backup(r.Context(), order.To, func(d, t int) { total.Store(int64(t)); done.Store(int64(d)) })
	}()
	l := newLines(w)
	tick := time.NewTicker(backupTick)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			s.finish(w, r, l, err)
			return
		case <-tick.C:
			d, t := int(done.Load()), int(total.Load())
			l.send(line{Done: &d, Total: &t})
		}
	}
}
