package client_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"processmanager/ppm"
)

// A program that did not run to its end has said nothing about the delivery, and
// whoever runs ppm can mend one that cannot be started.
func TestScriptsThatFailOtherwiseThanBySayingSo(t *testing.T) {
	dir := tempDir(t)
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		want       string // "": delivered
	}{
		{"well", "#!/bin/sh\ncat >/dev/null\n", 0o700, ""},
		{"killed", "#!/bin/sh\nkill -KILL $$\n", 0o700, "it was ended from outside or broke down: killed"},
		{"broken", "#!/bin/sh\nkill -SEGV $$\n", 0o700, "it was ended from outside or broke down: segmentation fault"},
		{"not executable", "#!/bin/sh\n", 0o600, "may not be run by the account that ppm runs as"},
		{"no interpreter named", "exit 0\n", 0o700, "it is no program for this system"},
		{"interpreter gone", "#!/no/such/interpreter\n", 0o700, "no such file"},
		{"leaves another behind", "#!/bin/sh\nsleep 1000 &\necho $! >" + filepath.Join(dir, "child") + "\n", 0o700, ""},
	} {
		file := filepath.Join(dir, tt.name)
		check(t, os.WriteFile(file, []byte(tt.text), tt.mode))
		_, err := open(t, ppm.Program, map[string]any{"path": file}, nil).Deliver(t.Context(), parcel("A1"))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || isFinal(err) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, which should say %q", tt.name, err, tt.want)
		}
	}
	isEnded(t, filepath.Join(dir, "child"))
}
