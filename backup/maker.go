package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"processmanager/ppm"
)

// DatabaseName is how the database is called in a backup.
const DatabaseName = "ppm.db"

// A Store is what is backed up. See package db for what its methods promise.
type Store interface {
	Counts(ctx context.Context) (ppm.Counts, error)
	Backup(ctx context.Context, path string, progress func(done, total int)) error
}

// A File is carried beside the database.
type File struct {
	Name string // as fs.ValidPath has it
	Text []byte
}

// Options are what a maker needs. Log may be left out.
type Options struct {
	Dir     string // the data folder, in which is noted how the backups are doing
	Folder  string // for backups that nobody names
	Keep    int    // how many of these
	Version string
	Store   Store
	Log     *slog.Logger

	// Size returns about how large the database is.
	Size func() (int64, error)

	// Free returns how much may still be written in a folder.
	Free func(folder string) (uint64, error)

	// Prove opens a copy of the database and checks all of it.
	Prove func(ctx context.Context, path string) (ppm.Contents, error)

	// Files returns what is carried beside the database. Of what is secret,
	// nothing may be in it that somebody could read who finds the backup, unless
	// it will be encrypted.
	Files func(encrypted bool) ([]File, error)

	// Passphrase returns that of the settings, "" if they have none.
	Passphrase func() (string, error)
}

// A Maker makes backups, one at a time. Its methods may be called concurrently.
type Maker struct {
	Options
	busy  sync.Mutex
	state sync.Mutex // guards the file with the state
}

// NewMaker returns a maker; it starts nothing.
func NewMaker(o Options) *Maker {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Maker{Options: o}
}

// ErrBusy: another backup is being made.
var ErrBusy = errors.New("another backup is being made; wait for it")

// Make writes a backup to the file to, which must not exist, and gives it that name
// once it is proven. Without a name it is given one in the folder, and the
// oldest ones there go. Without a passphrase that of the settings counts.
func (m *Maker) Make(ctx context.Context, to, passphrase string, progress func(done, total int)) (ppm.Backup, error) {
	if !m.busy.TryLock() {
		return ppm.Backup{}, ErrBusy
	}
	defer m.busy.Unlock()
	made, err := m.make(ctx, to, passphrase, progress)
	if ctx.Err() != nil {
		return made, errors.Join(err, ctx.Err())
	}
	if err != nil {
		return made, errors.Join(err, m.note(failed(time.Now(), err)))
	}
	if err := m.note(proven(made)); err != nil {
		return made, err
	}
	if to == "" {
		m.prune()
	}
	return made, nil
}

func (m *Maker) make(ctx context.Context, to, passphrase string, progress func(done, total int)) (ppm.Backup, error) {
	if passphrase == "" {
		var err error
		if passphrase, err = m.Passphrase(); err != nil {
			return ppm.Backup{}, fmt.Errorf("back up: %w", err)
		}
	}
	at := time.Now()
	if to == "" {
		to = m.name(at, passphrase != "")
	}
	d := draft{m, to, passphrase, at}
	made, err := d.run(ctx, progress)
	if err != nil {
		err = fmt.Errorf("back up to %s: %w", to, err)
	}
	return made, errors.Join(err, d.clear())
}

// A draft is a backup that is being made.
type draft struct {
	*Maker
	to         string
	passphrase string
	at         time.Time
}

// The files in which it is made.
func (d draft) archive() string { return d.to + partSuffix }
func (d draft) copied() string  { return d.to + ".copy" + partSuffix }
func (d draft) proof() string   { return d.to + ".proof" + partSuffix }

const partSuffix = ".part"

func (d draft) run(ctx context.Context, progress func(done, total int)) (ppm.Backup, error) {
	if _, err := os.Lstat(d.to); err == nil {
		return ppm.Backup{}, errors.New("there is such a file already; choose another name")
	}
	if err := os.MkdirAll(filepath.Dir(d.to), 0o700); err != nil {
		return ppm.Backup{}, err
	}
	if err := errors.Join(d.clear(), d.room()); err != nil {
		return ppm.Backup{}, err
	}
	counts, err := d.Store.Counts(ctx)
	if err != nil {
		return ppm.Backup{}, err
	}
	if err := d.Store.Backup(ctx, d.copied(), progress); err != nil {
		return ppm.Backup{}, err
	}
	size, err := d.pack(ctx, Manifest{Version: d.Version, At: d.at.UTC(), AtLeast: counts.Accepted})
	if err != nil {
		return ppm.Backup{}, err
	}
	if err := os.Remove(d.copied()); err != nil {
		return ppm.Backup{}, err
	}
	contents, err := d.prove(ctx)
	if err != nil {
		return ppm.Backup{}, fmt.Errorf("what was written does not stand the proof: %w", err)
	}
	if err := publish(d.archive(), d.to); err != nil {
		return ppm.Backup{}, err
	}
	return ppm.Backup{
		File: d.to, At: d.at.UTC().Truncate(time.Second), Proven: time.Now().UTC().Truncate(time.Second),
		Bytes: size, Encrypted: d.passphrase != "", Contents: contents,
	}, nil
}

// spare must be left on the disk beside what a backup needs.
const spare = 64 << 20

// room returns an error unless there is room for the backup and, at one time,
// another copy of the database.
func (d draft) room() error {
	size, err := d.Size()
	if err != nil {
		return err
	}
	folder := filepath.Dir(d.to)
	free, err := d.Free(folder)
	if err != nil {
		return fmt.Errorf("ask how much is free in %s: %w", folder, err)
	}
	if need := uint64(2*size + spare); free < need {
		return fmt.Errorf("it needs %d MB in %s, and %d MB are free: make room, or name a folder on another disk with backup.folder", need/1e6, folder, free/1e6)
	}
	return nil
}

// pack writes the archive through to the disk, and returns its size.
func (d draft) pack(ctx context.Context, m Manifest) (size int64, err error) {
	files, err := d.Files(d.passphrase != "")
	if err != nil {
		return 0, err
	}
	f, err := os.OpenFile(d.archive(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	a, err := newWriter(f, d.passphrase, m)
	if err != nil {
		return 0, err
	}
	if err := d.packDatabase(ctx, a); err != nil {
		return 0, err
	}
	for _, file := range files {
		if err := a.add(ctx, file.Name, int64(len(file.Text)), file.reader()); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(a.close(), f.Sync()); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (d draft) packDatabase(ctx context.Context, a *writer) error {
	copied, err := os.Open(d.copied())
	if err != nil {
		return err
	}
	defer copied.Close()
	info, err := copied.Stat()
	if err != nil {
		return err
	}
	return a.add(ctx, DatabaseName, info.Size(), copied)
}

// prove reads the archive as a restore would, and checks what is in it.
func (d draft) prove(ctx context.Context) (ppm.Contents, error) {
	f, err := os.Open(d.archive())
	if err != nil {
		return ppm.Contents{}, err
	}
	defer f.Close()
	m, err := Read(ctx, f, d.passphrase, func(name string) (io.WriteCloser, error) {
		if name != DatabaseName {
			return nowhere{}, nil
		}
		return os.OpenFile(d.proof(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	})
	if err != nil {
		return ppm.Contents{}, err
	}
	contents, err := d.Prove(ctx, d.proof())
	if err == nil && contents.Notifications < m.AtLeast {
		err = fmt.Errorf("%w: it holds %d notifications, and there were %d when it was begun", ErrDamaged, contents.Notifications, m.AtLeast)
	}
	return contents, err
}

// clear removes what is left of this draft.
func (d draft) clear() error {
	var errs []error
	for _, name := range []string{d.archive(), d.copied(), d.proof()} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
