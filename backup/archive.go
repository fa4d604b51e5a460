// Package backup puts all that a data folder holds into one file, proves that it
// can be read, does so every day, and brings it back. Such a file is a tar
// archive, compressed with gzip and, with a passphrase, encrypted as the program
// age does; so it can be opened without ppm, too. What is in a data folder, and
// how a database is copied and checked, its callers know.
package backup

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"
)

const (
	manifestName = "manifest.json" // the last file of an archive
	format       = 1
	maxManifest  = 16 << 20
)

// A Manifest says what is in a backup. It comes last, so that a backup without
// one is incomplete.
type Manifest struct {
	Format    int              `json:"format"`
	Version   string           `json:"version"` // of ppm
	At        time.Time        `json:"at"`      // when the copying began, UTC
	Encrypted bool             `json:"encrypted"`
	AtLeast   int64            `json:"at_least"` // so many notifications had been kept then
	Files     map[string]entry `json:"files"`    // by name
}

type entry struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// A writer writes an archive.
type writer struct {
	tar      *tar.Writer
	outer    []io.Closer // from the inside out
	manifest Manifest
}

// newWriter returns a writer to w, which encrypts with the passphrase if there is one.
func newWriter(w io.Writer, passphrase string, m Manifest) (*writer, error) {
	a := &writer{manifest: m}
	a.manifest.Format, a.manifest.Encrypted, a.manifest.Files = format, passphrase != "", map[string]entry{}
	if passphrase != "" {
		sealed, err := encrypt(w, passphrase)
		if err != nil {
			return nil, err
		}
		a.outer, w = append(a.outer, sealed), sealed
	}
	packed, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	a.outer = append([]io.Closer{packed}, a.outer...)
	a.tar = tar.NewWriter(packed)
	return a, nil
}

// add adds a file.
func (a *writer) add(ctx context.Context, name string, size int64, from io.Reader) error {
	sum := sha256.New()
	err := a.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: a.manifest.At, Format: tar.FormatPAX})
	if err == nil {
		_, err = io.Copy(io.MultiWriter(a.tar, sum), reader{ctx, from})
	}
	if err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	a.manifest.Files[name] = newEntry(size, sum)
	return nil
}

func newEntry(size int64, sum hash.Hash) entry { return entry{size, hex.EncodeToString(sum.Sum(nil))} }

// close writes the manifest and what else belongs at the end.
func (a *writer) close() error {
	text, err := json.MarshalIndent(a.manifest, "", "  ")
	if err != nil {
		return err
	}
	err = a.tar.WriteHeader(&tar.Header{Name: manifestName, Size: int64(len(text)), Mode: 0o600, ModTime: a.manifest.At, Format: tar.FormatPAX})
	if err == nil {
		_, err = a.tar.Write(text)
	}
	err = errors.Join(err, a.tar.Close())
	for _, c := range a.outer {
		err = errors.Join(err, c.Close())
	}
	return err
}

// ErrDamaged: a backup is not what was written, or not all of it.
var ErrDamaged = errors.New("the backup is damaged or incomplete")

// Read reads the backup in from, which the passphrase opens where it is encrypted,
// to its end. What each file holds is written to what open returns for its name.
// Only when Read has returned nil may any of it be believed.
func Read(ctx context.Context, from io.Reader, passphrase string, open func(name string) (io.WriteCloser, error)) (Manifest, error) {
	plain, err := decrypt(reader{ctx, from}, passphrase)
	if err != nil {
		return Manifest{}, err
	}
	m, err := read(plain, open)
	switch {
	case ctx.Err() != nil:
		return Manifest{}, ctx.Err()
	case errors.Is(err, errWrite), err == nil:
		return m, err
	}
	return Manifest{}, fmt.Errorf("%w (%w)", ErrDamaged, err)
}

var (
	errWrite = errors.New("write what is in the backup")
	errTwice = errors.New("a file is in it twice")
)

func read(from io.Reader, open func(string) (io.WriteCloser, error)) (Manifest, error) {
	unpacked, err := gzip.NewReader(from)
	if err != nil {
		return Manifest{}, err
	}
	archive := tar.NewReader(unpacked)
	found := map[string]entry{}
	for {
		h, err := archive.Next()
		switch {
		case err != nil:
			return Manifest{}, err // io.EOF: there is no manifest
		case h.Typeflag != tar.TypeReg || !fs.ValidPath(h.Name):
			return Manifest{}, fmt.Errorf("%q is no plain file", h.Name)
		case h.Name == manifestName:
			m, err := readManifest(archive, found)
			if err == nil {
				err = end(archive, unpacked, from)
			}
			return m, err
		}
		if _, twice := found[h.Name]; twice {
			return Manifest{}, errTwice
		}
		to, err := open(h.Name)
		if err != nil {
			return Manifest{}, fmt.Errorf("%w: %w", errWrite, err)
		}
		sum := sha256.New()
		n, err := io.Copy(io.MultiWriter(writes{to}, sum), archive)
		if cerr := to.Close(); cerr != nil && err == nil {
			err = fmt.Errorf("%w: %w", errWrite, cerr)
		}
		if err != nil {
			return Manifest{}, err
		}
		found[h.Name] = newEntry(n, sum)
	}
}

func readManifest(archive io.Reader, found map[string]entry) (m Manifest, err error) {
	text, err := io.ReadAll(io.LimitReader(archive, maxManifest))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, err
	}
	if m.Format > format {
		return m, errors.New("a newer version of ppm made it; install that one")
	}
	if !maps.Equal(m.Files, found) {
		return m, fmt.Errorf("it should hold %q and holds %q, or what they hold is another", slices.Sorted(maps.Keys(m.Files)), slices.Sorted(maps.Keys(found)))
	}
	return m, nil
}

// end reads what must come behind the manifest: nothing but the ends of the
// layers, with their check sums.
func end(archive *tar.Reader, unpacked, from io.Reader) error {
	if _, err := archive.Next(); err != io.EOF {
		return errors.Join(err, errors.New("something comes behind its manifest"))
	}
	for _, layer := range []io.Reader{unpacked, from} {
		if _, err := io.Copy(io.Discard, layer); err != nil {
			return err
		}
	}
	return nil
}

// A reader stops reading when its context ends.
type reader struct {
	ctx  context.Context
	from io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}

// writes tells its errors from those of reading.
type writes struct{ to io.Writer }

func (w writes) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil {
		err = fmt.Errorf("%w: %w", errWrite, err)
	}
	return n, err
}
