package backup

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"processmanager/ppm"
)

func TestMain(m *testing.M) {
	workFactor = 10
	goleak.VerifyTestMain(m)
}

const passphrase = "correct horse battery staple"

// memory is a store of so many notifications, whose database is that many lines.
type memory struct {
	kept   atomic.Int64
	broken atomic.Pointer[error] // what Backup returns
	writes string
	block  chan struct{} // Backup waits for it to be closed, or its context
}

// fail has Backup return err, nil: work.
func (s *memory) fail(err error) {
	if err == nil {
		s.broken.Store(nil)
		return
	}
	s.broken.Store(&err)
}

func (s *memory) Counts(context.Context) (ppm.Counts, error) {
	return ppm.Counts{Accepted: s.kept.Load()}, nil
}

func (s *memory) Backup(ctx context.Context, path string, _ func(done, total int)) error {
	if s.block != nil {
		select {
		case <-s.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := s.broken.Load(); err != nil {
		return *err
	}
	text := s.writes
	if text == "" {
		text = strings.Repeat("notification\n", int(s.kept.Load()))
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

func prove(_ context.Context, path string) (c ppm.Contents, err error) {
	b, err := os.ReadFile(path)
	if strings.Contains(string(b), "damaged") {
		err = errors.New("the database is damaged")
	}
	c.Notifications = int64(strings.Count(string(b), "\n"))
	return c, err
}

func newMaker(t *testing.T, s *memory) *Maker {
	t.Helper()
	dir := t.TempDir()
	return NewMaker(Options{
		Dir: dir, Folder: filepath.Join(dir, "backups"), Keep: 3, Version: "1.2.3", Store: s,
		Size:       func() (int64, error) { return 13 * s.kept.Load(), nil },
		Free:       func(string) (uint64, error) { return 1 << 40, nil },
		Prove:      prove,
		Passphrase: func() (string, error) { return "", nil },
		Files: func(encrypted bool) ([]File, error) {
			files := []File{{"config.toml", []byte("# settings\n")}}
			if encrypted {
				files = append(files, File{"certs/key.pem", []byte("canary-key")})
			}
			return files, nil
		},
	})
}

// held is a file that is held in memory.
type held struct {
	strings.Builder
}

func (*held) Close() error { return nil }

// contents reads a backup.
func contents(t *testing.T, file, passphrase string) (map[string]string, Manifest, error) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	open := map[string]*held{}
	m, err := Read(t.Context(), f, passphrase, func(name string) (io.WriteCloser, error) {
		open[name] = &held{}
		return open[name], nil
	})
	all := map[string]string{}
	for name, h := range open {
		all[name] = h.String()
	}
	return all, m, err
}

func made(t *testing.T, m *Maker, to, passphrase string) ppm.Backup {
	t.Helper()
	b, err := m.Make(t.Context(), to, passphrase, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// left returns the names in a folder.
func left(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
