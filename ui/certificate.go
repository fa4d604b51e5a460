package ui

import (
	"context"
	"net/http"
	"time"
)

// A Certificate is what the receiver shows to senders.
type Certificate struct {
	Mode     string    `json:"mode"` // as in receiver.tls.mode
	File     string    `json:"file"`
	Names    []string  `json:"names"`
	Issuer   string    `json:"issuer"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	SHA256   string    `json:"sha256"`             // fingerprint, as AA:BB:…
	Alarm    bool      `json:"alarm,omitempty"`    // its life is running out, or has
	Error    string    `json:"error,omitempty"`    // what keeps senders, or a newer certificate, out; and what to do
	Warnings []string  `json:"warnings,omitempty"` // what may become an error

	Issuance *Issuance `json:"issuance,omitempty"` // nil unless ppm orders it itself
}

// An Issuance is how it goes with the certificates that ppm orders by itself.
type Issuance struct {
	Domain    string    `json:"domain"`             // the name they are for
	Directory string    `json:"directory"`          // the authority's address
	Ordering  bool      `json:"ordering,omitempty"` // an attempt is under way
	Tried     time.Time `json:"tried,omitzero"`     // when the last attempt ended
	Failures  int       `json:"failures,omitempty"` // attempts in a row that failed
	Next      time.Time `json:"next,omitzero"`      // when the next one is due; zero: at once
	Problem   string    `json:"problem,omitempty"`  // the authority's word for why, such as "rateLimited" (RFC 8555, 6.7)
	Shown     string    `json:"shown"`              // what senders are shown: "issued", "own", "self-signed" or "nothing"
}

// apiRenewCertificate answers when the attempt has ended, which may take minutes.
func (s *Server) apiRenewCertificate(w http.ResponseWriter, r *http.Request) {
	by, err := byOf(r)
	if err == nil && s.renew == nil {
		err = badRequest("ppm orders no certificate itself; it does with receiver.tls.mode = \"autocert\"")
	}
	if err != nil {
		s.fault(w, r, err)
		return
	}
	s.wait(w, r, func(func(done, total int)) (any, error) { return s.renew(r.Context(), by) })
}

// RenewCertificate has the service order now what is missing or due.
func (c *Remote) RenewCertificate(ctx context.Context, by string) (now Certificate, err error) {
	return now, c.wait(ctx, "certificate/renew", by, nil, &now)
}
