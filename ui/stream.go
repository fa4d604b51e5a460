package ui

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"
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

// write sends l, at the latest with the next one a moment later. A reader that
// takes nothing for plainTime is given up on.
func (s *lines) write(l line) error {
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	}
	now := time.Now()
	late := now.Sub(s.flushed) > 200*time.Millisecond
	if late || l.End || l.Error != "" {
		http.NewResponseController(s.w).SetWriteDeadline(now.Add(plainTime))
	}
	if err := s.enc.Encode(l); err != nil {
		return err
	}
	if !late && !l.End && l.Error == "" {
		return nil
	}
	s.flushed = now
	if err := s.out.Flush(); err != nil {
		return err
	}
	return http.NewResponseController(s.w).Flush()
}

// finish ends the answer with how it went.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, l *lines, err error) {
	switch {
	case err == nil:
		l.write(line{End: true})
	case !l.begun:
		s.fault(w, r, err)
	default:
		if r.Context().Err() != nil {
			err = errStopping
		}
		s.log.Warn("streamed answer broken off", "path", r.URL.Path, "err", err)
		l.write(line{Error: err.Error()})
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
	l := newLines(w)
	err := s.store.Backup(r.Context(), order.To, func(done, total int) {
		l.write(line{Done: &done, Total: &total})
	})
	s.finish(w, r, l, err)
}
