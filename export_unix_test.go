//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAnExportToAPipeIsWrittenIntoIt(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // waits for nobody
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	err = writeWhole(pipe, func(w io.Writer) error { _, err := io.WriteString(w, "line\n"); return err })
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Fatalf("the pipe was replaced by %v, %v", info.Mode(), err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(reader, got); err != nil || string(got) != "line\n" {
		t.Errorf("through the pipe came %q, %v", got, err)
	}
}
