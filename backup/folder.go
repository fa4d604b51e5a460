package backup

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	plainSuffix     = ".tar.gz"
	encryptedSuffix = plainSuffix + ".age"
)

// name returns a name in the folder for a backup made now, one that isn't taken
// even where there are several in a second.
func (m *Maker) name(now time.Time, encrypted bool) string {
	suffix := plainSuffix
	if encrypted {
		suffix = encryptedSuffix
	}
	stem := filepath.Join(m.Folder, "ppm-"+now.Format("20060102-150405"))
	path := stem + suffix
	for n := 2; ; n++ {
		if _, err := os.Lstat(path); err != nil {
			return path
		}
		path = fmt.Sprintf("%s-%d%s", stem, n, suffix)
	}
}

var ours = regexp.MustCompile(`^ppm-([0-9]{8}-[0-9]{6})(?:-([0-9]+))?\.tar\.gz(\.age)?(\.part|\.copy\.part(\.part)?|\.proof\.part)?$`)

// prune removes the oldest backups from the folder that are too many there, and
// what a killed process has left of one. Others' files are left alone.
func (m *Maker) prune() {
	entries, err := os.ReadDir(m.Folder)
	var names []string
	for _, e := range entries {
		name := e.Name()
		switch {
		case !e.Type().IsRegular() || !ours.MatchString(name):
		case strings.HasSuffix(name, partSuffix):
			err = errors.Join(err, os.Remove(filepath.Join(m.Folder, name)))
		default:
			names = append(names, name)
		}
	}
	slices.SortFunc(names, byTime)
	for len(names) > max(1, m.Keep) {
		err = errors.Join(err, os.Remove(filepath.Join(m.Folder, names[0])))
		names = names[1:]
	}
	if err != nil {
		m.Log.Warn("old backups could not be removed", "folder", m.Folder, "err", err)
	}
}

// byTime compares names of backups; those of one second are numbered.
func byTime(a, b string) int {
	x, y := ours.FindStringSubmatch(a), ours.FindStringSubmatch(b)
	return cmp.Or(cmp.Compare(x[1], y[1]), cmp.Compare(len(x[2]), len(y[2])), cmp.Compare(x[2], y[2]))
}

// publish gives the file draft, which is on disk, its name.
func publish(draft, path string) error {
	if err := os.Rename(draft, path); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // it keeps names in its journal
		return nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (f File) reader() io.Reader { return bytes.NewReader(f.Text) }

// nowhere takes what need not be kept.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }
