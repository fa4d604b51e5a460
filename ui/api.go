package ui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"

	"processmanager/db"
	"processmanager/ppm"
)

// api returns the addresses under /api/. Everything is answered as JSON, faults
// as {"error":"…"}; nothing that is read with GET changes anything.
func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	get := func(address string, h func(*http.Request) (any, error)) {
		mux.Handle(address, only(func(w http.ResponseWriter, r *http.Request) {
			v, err := h(r)
			if err != nil {
				s.fault(w, r, err)
				return
			}
			answer(w, http.StatusOK, v)
		}, http.MethodGet, http.MethodHead))
	}
	get("/api/v1/status", s.apiStatus)
	get("/api/v1/notifications", s.apiNotifications)
	get("/api/v1/notifications/{receipt}", s.apiNotification)
	get("/api/v1/search", s.apiSearch)
	get("/api/v1/rejections", s.apiRejections)
	get("/api/v1/rejections/{id}", s.apiRejection)
	mux.Handle("/api/v1/export", only(s.apiExport, http.MethodGet))
	mux.Handle("/api/v1/backup", only(s.apiBackup, http.MethodPost))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "there is nothing at this address; perhaps the commands and the service are of different versions")
	})
	return mux
}

func (s *Server) apiStatus(r *http.Request) (any, error) {
	return s.status(r.Context())
}

// records is a page of notifications on the wire; the next page is asked for
// with the last one's receipt.
type records struct {
	Notifications []ppm.Record `json:"notifications"`
	Behind        int64        `json:"behind,omitempty"` // too new to be searched
}

func (s *Server) apiNotifications(r *http.Request) (any, error) {
	p, err := pageOf(r.URL.Query())
	if err != nil {
		return nil, err
	}
	list, err := s.store.List(r.Context(), p)
	return records{Notifications: list}, err
}

func (s *Server) apiNotification(r *http.Request) (any, error) {
	return s.store.Find(r.Context(), ppm.Receipt(r.PathValue("receipt")))
}

func (s *Server) apiSearch(r *http.Request) (any, error) {
	q := r.URL.Query()
	p, err := pageOf(q)
	if err != nil {
		return nil, err
	}
	found, behind, err := s.store.Search(r.Context(), q.Get("text"), p)
	return records{Notifications: found, Behind: behind}, err
}

// rejections is a page of rejections on the wire.
type rejections struct {
	Rejections []ppm.Rejection `json:"rejections"`
}

func (s *Server) apiRejections(r *http.Request) (any, error) {
	q := r.URL.Query()
	limit, err := limitOf(q)
	if err != nil {
		return nil, err
	}
	var before int64
	if v := q.Get("before"); v != "" {
		if before, err = strconv.ParseInt(v, 10, 64); err != nil || before < 1 {
			return nil, badRequest("before: give the number of a rejection")
		}
	}
	list, err := s.store.Rejections(r.Context(), before, limit)
	return rejections{list}, err
}

func (s *Server) apiRejection(r *http.Request) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, badRequest("give the number of a rejection")
	}
	return s.store.Rejection(r.Context(), id)
}

// MaxPage is the most that one request for a list may ask for.
const MaxPage = 1000

func pageOf(q url.Values) (ppm.Page, error) {
	limit, err := limitOf(q)
	if err != nil {
		return ppm.Page{}, err
	}
	p := ppm.Page{After: ppm.Receipt(q.Get("after")), Limit: limit}
	switch q.Get("order") {
	case "", "newest":
	case "oldest":
		p.OldestFirst = true
	default:
		return ppm.Page{}, badRequest(`order: give "newest" or "oldest", the one to come first`)
	}
	return p, nil
}

func limitOf(q url.Values) (int, error) {
	v := q.Get("limit")
	if v == "" {
		return 50, nil
	}
	limit, err := strconv.Atoi(v)
	if err != nil || limit < 1 || limit > MaxPage {
		return 0, badRequest(fmt.Sprintf("limit: give a number from 1 to %d", MaxPage))
	}
	return limit, nil
}

// backupOrder is the body of a request for a backup.
type backupOrder struct {
	To string `json:"to"`
}

func (o backupOrder) check() error {
	if !filepath.IsAbs(o.To) {
		return badRequest("to: give the whole path of a file on this machine")
	}
	return nil
}

// badRequest is a fault of the caller's, in words for the caller.
type badRequest string

func (e badRequest) Error() string { return string(e) }

// fault answers with err: facts about what was asked for as they are, anything
// else also to the log, for the operator.
func (s *Server) fault(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	var bad badRequest
	switch {
	case stopping(r):
		status, err = http.StatusServiceUnavailable, errStopping
	case r.Context().Err() != nil:
		return // the caller has gone
	case errors.As(err, &bad), errors.Is(err, ppm.ErrBadReceipt):
		status = http.StatusBadRequest
	case errors.Is(err, db.ErrNotFound):
		status = http.StatusNotFound
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
