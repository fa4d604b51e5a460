package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestWhatCouldNotBePrintedIsNoSuccess(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	check(t, err)
	defer full.Close()
	for _, args := range [][]string{
		{"--help"}, {"list", "--help"}, {"version"}, {"version", "--json"},
		{"config", "get", "receiver.path"}, {"config", "list"}, {"config", "list", "--json"},
	} {
		var stderr bytes.Buffer
		status := run(args, strings.NewReader(""), full, &stderr, []string{"PPM_DATA=" + t.TempDir()})
		if status != exitFailed || !strings.Contains(stderr.String(), "no space left") || strings.Contains(stderr.String(), "--help") {
			t.Errorf("%v: %d, %q", args, status, stderr.String())
		}
	}
}
