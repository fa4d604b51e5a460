package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALogThatCannotBeWrittenIsTold(t *testing.T) {
	dir := t.TempDir()
	var stderr bytes.Buffer
	_, _, _, end := logs(dir, &stderr)
	end()
	if stderr.Len() > 0 {
		t.Errorf("told without need: %s", stderr.String())
	}
	dir = t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "log"), nil, 0o600)) // where the folder should be
	log, _, access, end := logs(dir, &stderr)
	defer end()
	if !strings.Contains(stderr.String(), "ppm.log") || !strings.Contains(stderr.String(), "access.log") {
		t.Errorf("told: %q", stderr.String())
	}
	log.Info("goes nowhere")
	access.Write([]byte("goes nowhere"))
}
