//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A program is a built ppm.
type program struct {
	path string
}

// A change replaces text in one file of the source, for a mutant.
type change struct {
	file     string // from the module's folder
	old, new string // old "": the file is a new one
}

// build builds ppm with the changes made.
func (w *workshop) build(ctx context.Context, name string, changes ...change) (*program, error) {
	listed, err := w.overlay(name, changes)
	if err != nil {
		return nil, err
	}
	p := &program{path: filepath.Join(w.dir, name)}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", listed, "-o", p.path, ".")
	cmd.Dir = w.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return p, nil
}

// overlay writes what Go's -overlay reads: the changes are made to a copy of the
// files they name, and the source itself stays as it is. A change whose text is
// not there exactly once is an error: a mutant that is not different would prove nothing.
func (w *workshop) overlay(name string, changes []change) (listed string, err error) {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, c := range changes {
		original := filepath.Join(w.source, c.file)
		from := original
		if copied, ok := overlay.Replace[original]; ok {
			from = copied
		}
		text, err := c.apply(from)
		if err != nil {
			return "", fmt.Errorf("mutant %s: %w", name, err)
		}
		copied := filepath.Join(w.dir, name+"-"+strings.ReplaceAll(c.file, "/", "-"))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return "", err
		}
		overlay.Replace[original] = copied
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	listed = filepath.Join(w.dir, name+"-overlay.json")
	return listed, os.WriteFile(listed, list, 0o600)
}

// apply returns the text of the file from with the change made.
func (c change) apply(from string) (string, error) {
	if c.old == "" {
		return c.new, nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), c.old); n != 1 {
		return "", fmt.Errorf("%s has %d times, not once: %s", c.file, n, c.old)
	}
	return strings.Replace(string(text), c.old, c.new, 1), nil
}
