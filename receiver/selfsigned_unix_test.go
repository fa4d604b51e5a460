//go:build unix

package receiver

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestCertificateCanBeHandedOnWhateverTheUmask(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	defer syscall.Umask(syscall.Umask(0o077))
	s, err := OpenSelfSigned(dir, "", new(certLog).logger())
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{s.file: 0o644, s.keyFile: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %v", path, info, err, want)
		}
	}
}
