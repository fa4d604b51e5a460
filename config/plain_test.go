package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyAPlainFileOfFairSizeIsReadAsSettings(t *testing.T) {
	large := t.TempDir()
	write(t, large, "")
	if err := os.Truncate(Path(large), 1<<30); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, filepath.Base(Path(folder))), 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, says := range map[string]string{large: "larger than", folder: "not a plain file"} {
		_, err := Load(dir, nil)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Load: %v; want %q", err, says)
		}
		if err := Set(dir, "receiver.path", "/x"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Set: %v; want %q", err, says)
		}
	}
}
