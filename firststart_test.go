package main

import "testing"

func TestWhatGoRunHasBuiltIsStartedByGoRun(t *testing.T) {
	for path, want := range map[string]string{
		"/tmp/go-build123/b001/exe/processmanager": "go run .",
		"processmanager.exe":                       "go run .",
		"/usr/local/bin/ppm":                       "ppm",
		"ppm.exe":                                  "ppm",
	} {
		if got := called(path); got != want {
			t.Errorf("called(%q) = %q; want %q", path, got, want)
		}
	}
}
