package main

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestALinkStaysALink(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	check(t, os.WriteFile(file, []byte("something older"), 0o600))
	if err := os.Symlink(file, link); err != nil {
		if runtime.GOOS == "windows" { // where not everybody may
			return
		}
		t.Fatal(err)
	}
	check(t, writeWhole(link, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }))
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is now %v, %v", info.Mode(), err)
	}
	if b, _ := os.ReadFile(file); string(b) != "new" {
		t.Errorf("what it leads to is %q", b)
	}
}

func TestWithin(t *testing.T) {
	base := t.TempDir()
	data := filepath.Join(base, "data")
	check(t, os.MkdirAll(filepath.Join(data, "log"), 0o700))
	check(t, os.WriteFile(filepath.Join(data, "ppm.db"), nil, 0o600))
	for path, want := range map[string]bool{
		filepath.Join(data, "ppm.db"):            true,
		filepath.Join(data, "none-yet"):          true,
		filepath.Join(data, "log", "..", "x"):    true,
		data:                                     true,
		filepath.Join(base, "x.csv"):             false,
		filepath.Join(base, "data.csv"):          false,
		filepath.Join(base, "..data"):            false,
		filepath.Join(data, "..", "x.csv"):       false,
		filepath.Join(base, "nowhere", "at.all"): false,
	} {
		if got := within(data, path); got != want {
			t.Errorf("within(%q) = %v, want %v", path, got, want)
		}
	}
	way := filepath.Join(base, "way")
	if err := os.Symlink(data, way); err == nil && !within(data, filepath.Join(way, "ppm.db")) {
		t.Error("a link to the data folder leads around the check")
	}
}
