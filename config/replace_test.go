package config

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

func TestOfManyThatCreateAFileTheFirstStands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var all sync.WaitGroup
	seen := make([]string, 8)
	for i := range seen {
		all.Go(func() {
			if err := createFile(path, []byte(strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
			}
			seen[i] = string(text)
		})
	}
	all.Wait()
	for _, s := range seen {
		if s != seen[0] {
			t.Fatalf("the file held %q in turn", seen)
		}
	}
}

func TestAReplacementThatFailsLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(path, []byte("new")); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}
