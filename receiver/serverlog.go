package receiver

import (
	"net/netip"
	"strings"
)

// serverLog takes what net/http has to say, a line at a time. Most of it is
// port scanners being cut off. A handshake that failed for another reason may
// be Clearmatch's, and is then the only sign that it doesn't like our
// certificate or ciphers.
type serverLog struct{ s *Server }

// Write logs one line.
func (l serverLog) Write(p []byte) (int, error) {
	line := strings.TrimSpace(string(p))
	rest, handshake := strings.CutPrefix(line, "http: TLS handshake error from ")
	addr, reason, _ := strings.Cut(rest, ": ")
	switch {
	case !handshake:
		kind, _, _ := strings.Cut(strings.TrimPrefix(line, "http: "), ":")
		if ok, held := l.s.hush.lets("server " + kind); ok {
			l.s.log.Warn("server trouble", "err", line, "unmentioned", held)
		}
	case isHangup(reason):
		l.s.log.Debug("connection ended before the handshake", "from", addr, "err", reason)
	default:
		if ap, err := netip.ParseAddrPort(addr); err == nil {
			addr = newPlace(ap.Addr()).text
		}
		if ok, held := l.s.hush.lets("handshake " + addr); ok {
			l.s.log.Warn("TLS handshake failed", "from", addr, "err", reason, "unmentioned", held)
		}
	}
	return len(p), nil
}

func isHangup(reason string) bool {
	for _, end := range []string{"EOF", "i/o timeout", "connection reset by peer", "broken pipe",
		"use of closed network connection", "forcibly closed by the remote host.",
		"context canceled", "tls: first record does not look like a TLS handshake"} {
		if strings.HasSuffix(reason, end) {
			return true
		}
	}
	return false
}
