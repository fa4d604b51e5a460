package ui

import (
	"net/http"

	"processmanager/ppm"
)

// api returns the addresses under /api/. Everything is answered as JSON, faults
// as {"error":"…"}; nothing that is read with GET changes anything.
func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	for address, m := range map[string]methods{
		"status":                       reads(s.reading(s.apiStatus)),
		"notifications":                reads(s.reading(s.apiNotifications)),
		"notifications/{receipt}":      reads(s.reading(s.apiNotification)),
		"search":                       reads(s.reading(s.apiSearch)),
		"rejections":                   reads(s.reading(s.apiRejections)),
		"rejections/{number}":          reads(s.reading(s.apiRejection)),
		"deadletters":                  reads(s.reading(s.apiDeadLetters)),
		"actions":                      reads(s.reading(s.apiActions)),
		"clients":                      {"GET": s.reading(s.apiClients), "HEAD": s.reading(s.apiClients), "POST": s.changing(s.apiAddClient)},
		"clients/{number}":             {"PATCH": s.changing(s.apiSetClient), "DELETE": s.changing(s.apiRemoveClient)},
		"clients/{number}/hold":        {"POST": s.changing(s.apiHoldClient)},
		"clients/{number}/resume":      {"POST": s.changing(s.apiResumeClient)},
		"clients/{number}/test":        {"POST": s.apiTestClient},
		"subscriptions":                {"POST": s.changing(s.apiAddSubscription)},
		"subscriptions/{number}":       {"PUT": s.changing(s.apiSetSubscription), "DELETE": s.changing(s.apiRemoveSubscription)},
		"subscriptions/{number}/rules": reads(s.reading(s.apiRules)),
		"rules/test":                   {"POST": s.apiTryRule},
		"resend":                       {"POST": s.apiResend},
		"erase":                        {"POST": s.apiErase},
		"export":                       {"GET": s.apiExport},
		"backup":                       {"POST": s.apiBackup},
		"certificate/renew":            {"POST": s.apiRenewCertificate},
	} {
		mux.Handle("/api/v1/"+address, m)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "there is nothing at this address; perhaps the commands and the service are of different versions")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxOrder)
		mux.ServeHTTP(w, r)
	})
}

// reading answers with what h returns.
func (s *Server) reading(h func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := h(r)
		if err != nil {
			s.fault(w, r, err)
			return
		}
		answer(w, http.StatusOK, v)
	}
}

// changing answers with what h returns, which is told who asks for the change.
func (s *Server) changing(h func(r *http.Request, by string) (any, error)) http.HandlerFunc {
	return s.reading(func(r *http.Request) (any, error) {
		by, err := byOf(r)
		if err != nil {
			return nil, err
		}
		return h(r, by)
	})
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
	before, err := beforeOf(q)
	if err != nil {
		return nil, err
	}
	list, err := s.store.Rejections(r.Context(), before, limit)
	return rejections{list}, err
}

func (s *Server) apiRejection(r *http.Request) (any, error) {
	id, err := numberOf(r)
	if err != nil {
		return nil, err
	}
	return s.store.Rejection(r.Context(), id)
}
