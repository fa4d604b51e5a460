package receiver

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// ModeFiles is the mode of [CertificateFiles], as in the setting receiver.tls.mode.
const ModeFiles = "files"

const (
	// lookEvery is the least time between two looks at the files that
	// handshakes ask for.
	lookEvery = 5 * time.Second
	// lookAtLeast is when the files are looked at although nobody came: a sender
	// that posts twice a day should find the new certificate at once.
	lookAtLeast = time.Hour
)

// CertificateFiles is a [CertificateSource] that serves the partner's own
// certificate from files and takes in new ones without a restart.
//
// Nothing polls: a handshake asks Run to look at the files, at most every few
// seconds, and goes on with the certificate in memory. So a slow disk, a file
// on a network drive or a PFX with a million rounds of key derivation never
// holds up a sender; the price is that the first handshake after a replacement
// is still shown the old certificate, which was good a moment ago.
type CertificateFiles struct {
	served
	set   FilesSettings
	every time.Duration // lookEvery; less in tests

	opened   time.Time
	nextLook atomic.Int64  // time since opened from which a handshake asks again
	hint     chan struct{} // "look again"

	seen stamp // Run's alone
}

// OpenCertificateFiles loads the certificate and checks that key, chain, name
// and dates fit. Its error names the setting and the file, and what to do.
func OpenCertificateFiles(set FilesSettings, log *slog.Logger) (*CertificateFiles, error) {
	f := &CertificateFiles{
		served: served{mode: ModeFiles, file: set.Cert, log: log},
		set:    set,
		every:  lookEvery,
		opened: time.Now(),
		hint:   make(chan struct{}, 1),
	}
	now := time.Now()
	seen := set.stamp(now)
	cert, warnings, err := set.load(now)
	if err != nil {
		return nil, err
	}
	f.seen = seen
	f.serve(cert, warnings)
	return f, nil
}

// GetCertificate returns the certificate in memory and lets Run look whether
// there is a newer one.
func (f *CertificateFiles) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	since, next := time.Since(f.opened), f.nextLook.Load()
	if int64(since) >= next && f.nextLook.CompareAndSwap(next, int64(since+f.every)) {
		select {
		case f.hint <- struct{}{}:
		default:
		}
	}
	return f.served.GetCertificate(hello)
}

// Run looks at the files when a handshake has asked for it, and every hour.
func (f *CertificateFiles) Run(ctx context.Context) error {
	timer := time.NewTimer(lookAtLeast)
	defer timer.Stop()
	for {
		f.tell()
		select {
		case <-ctx.Done():
			return nil
		case <-f.hint:
		case <-timer.C:
		}
		f.look(time.Now())
		timer.Reset(lookAtLeast)
	}
}

// look loads the files if they changed. While they do not make a whole, as
// between the replacing of the certificate and that of the key, the old
// certificate stays and the next look tries again.
func (f *CertificateFiles) look(now time.Time) {
	seen := f.set.stamp(now)
	if seen.same(f.seen) {
		return
	}
	cert, warnings, err := f.set.load(now)
	if err != nil {
		f.seen = stamp{}
		f.keep(fmt.Errorf("the earlier certificate is still being served, because the new one cannot be: %w", err))
		return
	}
	old := f.cert.Load().Leaf
	f.seen = seen
	f.serve(cert, warnings)
	if !cert.Leaf.Equal(old) {
		f.log.Info("certificate replaced", "file", f.file, "sha256", fingerprint(cert.Leaf), "until", day(cert.Leaf.NotAfter))
	}
}

// A stamp tells one state of the two files from another without reading them.
// That matters on Windows, where a file cannot be replaced while somebody reads it.
type stamp struct {
	cert, key fileStamp
	at        time.Time // when it was taken
}

type fileStamp struct {
	modified time.Time
	size     int64
}

func (set FilesSettings) stamp(now time.Time) stamp {
	of := func(path string) fileStamp {
		info, err := os.Stat(path)
		if err != nil {
			return fileStamp{}
		}
		return fileStamp{info.ModTime(), info.Size()}
	}
	return stamp{cert: of(set.Cert), key: of(set.keyFile()), at: now}
}

// same reports whether the files are certainly the same as at the earlier
// stamp. Some file systems count time in steps of two seconds: a file that had
// only just been written then may have been written again since.
func (s stamp) same(earlier stamp) bool {
	const step = 3 * time.Second
	settled := earlier.at.Sub(earlier.cert.modified) >= step && earlier.at.Sub(earlier.key.modified) >= step
	return settled && s.cert == earlier.cert && s.key == earlier.key
}
