package receiver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"processmanager/ppm"
)

// journalTime is how long the Journal may take before the sender is told to
// come again.
const journalTime = 15 * time.Second

// A visit is one request while it is being answered.
type visit struct {
	r       *http.Request
	conn    *connection // nil outside of Serve
	from    place
	proven  bool // the right password has been seen
	size    int  // bytes of the body that were read
	scratch [256]byte
}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.now()
	v := &visit{r: r, conn: connectionOf(r)}
	if v.conn != nil {
		v.conn.busy.Store(true) // until the answer is out, see Serve
		v.from = v.conn.from
	} else {
		v.from = parsePlace(r.RemoteAddr)
	}
	v.from = s.sender(r, v.from)

	a := s.answer(v)
	intact := v.send(w, &a)
	s.access.add(&entry{
		at: began, from: v.from.text, method: r.Method, path: r.URL.Path,
		status: a.status, size: v.size, took: s.now().Sub(began), receipt: a.ack.Receipt,
	})
	if !intact {
		panic(http.ErrAbortHandler) // net/http's way to be told to hang up
	}
}

// answer decides what r is told: first what can be said without a password,
// then the password, and only then anything that costs.
func (s *Server) answer(v *visit) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = s.broken(p)
		}
	}()
	// Strangers may learn the path and the method: both are in the README, and
	// whoever sets up Clearmatch's side is helped by a plain 404 or 405.
	switch {
	case v.r.URL.Path != s.path:
		return refuse(http.StatusNotFound, "there is nothing at this path: check the address that notifications are posted to")
	case v.r.Method != http.MethodPost:
		return refuse(http.StatusMethodNotAllowed, "notifications are posted: use POST")
	}
	if a, ok := s.identify(v); !ok {
		return a
	}
	v.proven = true
	v.conn.prove()
	if s.requests.Add(1) > s.maxRequests {
		s.requests.Add(-1)
		return refuse(http.StatusServiceUnavailable, "too many requests at once; nothing was stored: send the notification again later")
	}
	defer s.requests.Add(-1)
	return s.take(v)
}

// identify reports whether v has the right password, and else what it is told.
func (s *Server) identify(v *visit) (a answer, ok bool) {
	var authorization string
	if h := v.r.Header["Authorization"]; len(h) == 1 { // of two, nobody knows which is meant
		authorization = h[0]
	}
	verdict, err := s.credentials.check(v.r.Context(), authorization, v.from.neighbourhood())
	switch {
	case err != nil: // stopping, or the client has gone
		return refuse(http.StatusServiceUnavailable, "the receiver is stopping; nothing was stored: send the notification again later"), false
	case verdict == right:
		return answer{}, true
	case verdict == missing:
		return refuse(http.StatusUnauthorized, "user name and password are missing: send them with basic authentication"), false
	}
	a = refuse(http.StatusUnauthorized, "wrong user name or password")
	wait, patient := s.throttle.wrong(v.from.neighbourhood())
	if ok, held := s.hush.lets("wrong password " + v.from.text); ok {
		s.log.Warn("wrong user name or password", "from", v.from.text, "unmentioned", held)
	}
	a.last = !patient
	pause(v.r.Context(), wait)
	return a, false
}

// take reads the notification and has it kept.
func (s *Server) take(v *visit) answer {
	body, err := readBody(v.r)
	v.size = len(body)
	at := s.now()
	switch {
	case errors.Is(err, errTooLarge):
		a := refuse(http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
		a.last = true
		return a
	case errors.Is(err, errTooSlow):
		return answer{status: http.StatusRequestTimeout, last: true,
			text: fmt.Sprintf("the body did not arrive within %v; nothing was stored: send the notification again", readTime)}
	case err != nil:
		return answer{status: http.StatusBadRequest, last: true,
			text: "the body ended before its end; nothing was stored: send the notification again"}
	}

	// Not the request's context: the commit's outcome must be known whatever
	// the client does meanwhile.
	ctx, cancel := context.WithTimeout(context.Background(), journalTime)
	defer cancel()
	n, err := s.parse(body)
	if err != nil {
		return s.reject(ctx, v, body, at, err)
	}
	ack, err := s.journal.Accept(ctx, ppm.Arrival{Notification: n, Body: body, At: at, From: v.from.text})
	if err != nil {
		if ok, held := s.hush.lets("accept " + err.Error()); ok {
			s.log.Error("notification not stored", "err", err, "unmentioned", held)
		}
		return notStored()
	}
	return answer{status: http.StatusOK, ack: ack}
}

// reject keeps a body that cannot be used and says why it can't.
func (s *Server) reject(ctx context.Context, v *visit, body []byte, at time.Time, why error) answer {
	rejection := ppm.Rejection{At: at, From: v.from.text, Status: http.StatusBadRequest, Reason: why.Error(), Body: body}
	if f := fault(nil); errors.As(why, &f) {
		rejection.Status = f.Status()
	}
	if p := placed(nil); errors.As(why, &p) {
		rejection.Line, rejection.Column = p.Place()
	}
	if err := s.journal.Reject(ctx, rejection); err != nil {
		if ok, held := s.hush.lets("reject " + err.Error()); ok {
			s.log.Error("rejection not stored", "err", err, "unmentioned", held)
		}
		return notStored()
	}
	// Without the reason, which may quote the body.
	if ok, held := s.hush.lets("rejected " + v.from.text); ok {
		s.log.Warn("notification rejected", "from", v.from.text, "status", rejection.Status,
			"line", rejection.Line, "column", rejection.Column, "unmentioned", held)
	}
	return answer{status: rejection.Status, text: rejection.Reason}
}

func notStored() answer {
	return answer{status: http.StatusServiceUnavailable,
		text: "the notification could not be stored: send it again later"}
}

// broken answers for a handler that has panicked with p. What p says is only
// logged where the runtime said it; other values might hold part of a body.
func (s *Server) broken(p any) answer {
	what := fmt.Sprintf("%T", p)
	if fault, ok := p.(runtime.Error); ok {
		what = fault.Error()
	}
	s.log.Error("handler panicked", "panic", what, "stack", string(debug.Stack()))
	return answer{status: http.StatusInternalServerError, unread: true, last: true,
		text: "an error of the receiver's own; the notification was not stored: send it again later"}
}
