package ui

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"processmanager/db"
	"processmanager/ppm"
)

// badRequest is a fault of the caller's, in words for the caller.
func badRequest(text string) error { return Refusal{errors.New(text)} }

// fault answers with err: facts about what was asked for as they are, anything
// else also to the log, for the operator.
func (s *Server) fault(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	var bad Refusal
	switch {
	case stopping(r):
		status, err = http.StatusServiceUnavailable, errStopping
	case r.Context().Err() != nil:
		return // the caller has gone
	case errors.As(err, &bad), errors.Is(err, ppm.ErrBadReceipt):
		status = http.StatusBadRequest
	case errors.Is(err, db.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, db.ErrExists):
		status = http.StatusConflict
	case errors.Is(err, db.ErrUnavailable):
		status = http.StatusServiceUnavailable
	default:
		s.log.Warn("request to the local API failed", "path", r.URL.Path, "err", err)
	}
	fail(w, status, err.Error())
}

var errStopping = errors.New("the service is stopping; try again when it runs")

// stopping reports whether r was ended by [Server.Serve] and not by its caller.
func stopping(r *http.Request) bool { return context.Cause(r.Context()) == errStopping }

func fail(w http.ResponseWriter, status int, text string) {
	answer(w, status, faulty{text})
}

type faulty struct {
	Error string `json:"error"`
}

// answer writes v whole, so that a value that cannot be encoded is no half answer.
func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"the answer could not be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(status)
	w.Write(append(b, '\n'))
}
