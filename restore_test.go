package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"processmanager/db/sqlite"
)

// A restore that fails half-way must not leave a person without a database and
// without a word about where it went.
func TestARestoreThatFailsHalfWayTellsWhereTheDatabaseIs(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, elsewhere} {
		s, err := sqlite.Open(sqlite.Options{Dir: d})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	index := filepath.Join(dir, "search.db")
	if err := os.RemoveAll(index); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(index, "cannot be removed"), 0o700); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	p := &program{Context: context.Background(), stdin: strings.NewReader(""), stdout: &said, stderr: &said, data: dir}
	c := restoreCmd{File: filepath.Join(elsewhere, sqlite.FileName), Yes: true}
	err := c.Run(p)
	if err == nil {
		t.Fatal("the restore did not fail")
	}
	if _, gone := os.Stat(filepath.Join(dir, sqlite.FileName)); gone == nil {
		return // it is where it was
	}
	aside, _ := filepath.Glob(filepath.Join(dir, sqlite.FileName+".replaced-*"))
	if len(aside) != 1 || !strings.Contains(err.Error(), aside[0]) || !strings.Contains(err.Error(), "ppm restore") {
		t.Errorf("the database is now in %v, and all that is said is: %v", aside, err)
	}
}
