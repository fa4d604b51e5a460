package receiver

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// A place is who a request or a connection comes from.
type place struct {
	addr netip.Addr
	text string // addr as it is stored and logged; "unknown" where there is none
}

func newPlace(addr netip.Addr) place {
	if !addr.IsValid() {
		return place{text: "unknown"}
	}
	addr = addr.Unmap().WithZone("")
	return place{addr: addr, text: addr.String()}
}

// neighbourhood returns whom p's misbehaviour is held against: the address
// itself, or its /64 for IPv6, where one household has 2⁶⁴ addresses to try.
func (p place) neighbourhood() netip.Prefix {
	bits := p.addr.BitLen()
	if p.addr.Is6() {
		bits = 64
	}
	n, _ := p.addr.Prefix(bits)
	return n
}

// remotePlace returns who is at the other end of c.
func remotePlace(a net.Addr) place {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return newPlace(tcp.AddrPort().Addr())
	}
	return parsePlace(a.String())
}

// parsePlace reads an address with or without a port.
func parsePlace(s string) place {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return newPlace(ap.Addr())
	}
	addr, _ := netip.ParseAddr(s)
	return newPlace(addr)
}

// sender returns who sent r over a connection from peer. Only a proxy on this
// machine is believed when it says that it speaks for someone else, and only
// its own last word: what stands before it is the stranger's.
func (s *Server) sender(r *http.Request, peer place) place {
	if !s.proxied || !peer.addr.IsLoopback() {
		return peer
	}
	lines := r.Header["X-Forwarded-For"]
	if len(lines) == 0 {
		return peer
	}
	last := lines[len(lines)-1]
	last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	if p := parsePlace(last); p.addr.IsValid() { // IIS adds the port
		return p
	}
	return peer
}
