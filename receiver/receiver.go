// Package receiver takes notifications from Clearmatch over HTTPS and
// acknowledges each one once it is safely stored. What happens to it
// afterwards is the pipeline's business.
//
// It stands in the open Internet, so it assumes that most of those who knock
// are strangers. Whoever has not shown the right password gets little time,
// little memory, and gives way to whoever has.
package receiver

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"processmanager/ppm"
)

// A Journal keeps what arrives. Its methods are called concurrently and must
// return soon after ctx ends; ctx does not end when the sender hangs up.
type Journal interface {
	// Accept keeps one arrival. Once it has returned nil, the notification
	// survives a power cut; accepting it again only marks a redelivery. After
	// any error the sender gets no acknowledgement and is told to send again.
	// The Journal may keep a.Body and must not change it.
	Accept(ctx context.Context, a ppm.Arrival) (ppm.Acknowledgement, error)

	// Reject keeps a body that came with the right password but could not be used.
	Reject(ctx context.Context, r ppm.Rejection) error
}

// A fault is what Parse returns for a body that cannot be used. Its text tells
// the sender what is wrong, where, and what was expected.
type fault interface {
	error
	Status() int // 400 or 422
}

// A placed fault also says in numbers where in the body to look.
type placed interface {
	error
	Place() (line, column int) // both from 1; 0 where there is no place to point at
}

// Options say how a [Server] behaves. Path, Credentials, Journal and Parse are
// required.
type Options struct {
	// Path is where notifications are posted, as in "/notifications".
	Path string

	Credentials *Credentials
	Journal     Journal

	// Parse reads a notification. The text of its errors goes to the sender;
	// their methods Status() int, 400 or 422, and Place() (line, column int)
	// are looked for with errors.As. Without them it is a 400 at no place.
	Parse func(body []byte) (ppm.Notification, error)

	// Proxied says that a reverse proxy on this machine stands in front. The
	// sender's address is then the last one in X-Forwarded-For, which is the
	// one that the proxy itself has seen.
	Proxied bool

	// MaxConnections bounds the connections open at once, MaxPerAddress those
	// of one address (of one /64 for IPv6). 0 stands for 1,024 and 256. Behind
	// a proxy all connections have one address, and only the first bound counts.
	MaxConnections, MaxPerAddress int

	// MaxRequests bounds the authenticated requests being answered at once;
	// more than that are answered 503. 0 stands for 2,048.
	MaxRequests int

	Log    *slog.Logger     // nil discards
	Access io.Writer        // the access log, one line a request; nil discards
	Now    func() time.Time // for the times that are kept and logged; nil is time.Now
}

// A Server is Clearmatch's way in. Make one with [New].
type Server struct {
	path        string
	credentials *Credentials
	journal     Journal
	parse       func([]byte) (ppm.Notification, error)
	proxied     bool

	maxConnections, maxPerAddress int

	maxRequests int64
	requests    atomic.Int64 // authenticated and not yet answered

	throttle throttle
	log      *slog.Logger
	hush     hush
	access   *accessLog
	now      func() time.Time
}

// New returns a Server that behaves as o says. It starts nothing.
func New(o Options) *Server {
	s := &Server{
		path:           o.Path,
		credentials:    o.Credentials,
		journal:        o.Journal,
		parse:          o.Parse,
		proxied:        o.Proxied,
		maxConnections: orDefault(o.MaxConnections, 1024),
		maxPerAddress:  orDefault(o.MaxPerAddress, 256),
		maxRequests:    int64(orDefault(o.MaxRequests, 2048)),
		log:            o.Log,
		access:         newAccessLog(o.Access),
		now:            o.Now,
	}
	if s.proxied {
		s.maxPerAddress = s.maxConnections
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Handler returns what answers the requests, without the limits on
// connections and time that [Server.Serve] puts around it.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serveHTTP) }

func orDefault(n, standard int) int {
	if n <= 0 {
		return standard
	}
	return n
}
