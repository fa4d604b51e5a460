package receiver

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// alarmAt is when somebody has to look after leaf: with a third of its life left,
// attempts to renew it have been failing since it was half over. It is a
// fraction, because lives differ and are getting shorter.
func alarmAt(leaf *x509.Certificate) time.Time {
	return leaf.NotAfter.Add(-lifeOf(leaf) / 3)
}

func lifeOf(leaf *x509.Certificate) time.Duration { return leaf.NotAfter.Sub(leaf.NotBefore) }

// CertificateStatus describes the certificate that a client is shown who can do
// the better kind.
func (a *Autocert) CertificateStatus() CertificateStatus {
	now := time.Now()
	a.mu.Lock()
	p, deaf, found := a.progress, a.deaf, slices.Clone(a.found)
	next := a.nextLocked()
	a.mu.Unlock()

	st := CertificateStatus{
		Mode:     ModeAutocert,
		File:     a.kept.path(a.kinds[0].file),
		Warnings: slices.Clone(a.lacking),
		Issuance: &Issuance{
			Domain: a.set.Domain, Directory: a.set.Directory, Ordering: p.ordering, Tried: p.tried.UTC(),
			Failures: p.failures, Problem: p.problem, Shown: "nothing",
		},
	}
	if next.UnixNano() > 0 {
		st.Issuance.Next = next.UTC()
	}
	if p.err != nil {
		st.Error = fmt.Sprintf("no new certificate for %s: %v", a.set.Domain, p.err)
	}
	if err := a.kept.trouble(); err != nil {
		st.amiss(err.Error(), true)
	}
	if deaf != nil {
		st.amiss(deaf.Error(), false)
	}
	if list := a.candidates(now); len(list) > 0 {
		shown := list[0]
		st.File, st.Issuance.Shown = shown.file, shown.shown
		st.describe(shown.cert.Leaf)
	}
	a.watch(&st, now)
	st.Warnings = append(st.Warnings, found...)
	return st
}

// watch says what is shown for want of something better, and raises the alarm.
func (a *Autocert) watch(st *CertificateStatus, now time.Time) {
	failing := st.Issuance.Failures > 0
	switch shown := st.Issuance.Shown; shown {
	case "issued":
		for _, k := range a.kinds {
			if cert := k.cert.Load(); cert != nil && !now.Before(alarmAt(cert.Leaf)) {
				st.Alarm = true
				st.amiss(fmt.Sprintf("the certificate with an %s key runs out on %s and has not been renewed",
					k.name, cert.Leaf.NotAfter.UTC().Format("2 January 2006 at 15:04 UTC")), false)
			}
		}
	default:
		st.Alarm = failing
		st.amiss(instead(shown, st.File), failing)
	}
}

// instead says what senders are shown when nothing is issued.
func instead(shown, file string) string {
	switch shown {
	case "own":
		return fmt.Sprintf("senders are shown your own certificate (%s)", file)
	case "self-signed":
		return fmt.Sprintf("senders are shown the self-signed certificate (%s), which only those accept who were told to trust it", file)
	}
	return "there is no certificate at all, and nobody can connect"
}

// hostOf is how people call the authority at the address directory.
func hostOf(directory string) string {
	if u, err := url.Parse(directory); err == nil && u.Host != "" {
		return u.Host
	}
	return directory
}
