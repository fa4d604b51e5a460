package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"processmanager/backup"
	"processmanager/config"
	"processmanager/db/sqlite"
	"processmanager/secret"
)

type restoreCmd struct {
	File           string `arg:"" help:"A backup that ppm made, or a copy of its database."`
	Settings       bool   `help:"Put the settings and certificates of the backup in the place of those that are there, too."`
	PassphraseFile string `placeholder:"FILE" help:"The passphrase of an encrypted backup is in this file."`
	Yes            bool   `help:"Don't ask."`
	JSON           bool   `name:"json" help:"Print one JSON object."`
}

func (restoreCmd) Help() string {
	return `Brings a backup back, after checking it: the notifications in the place of those
kept now, and settings and certificates where there are none. Nothing is deleted:
what is replaced is put aside in the data folder. Stop ppm first.

So one file moves ppm to another machine: make an encrypted backup (ppm backup
--encrypt), and restore it there before the first start. A backup without a passphrase
brings its secrets back only where it was made.

What was received after the backup was made is not in it, and Clearmatch doesn't
send again what was acknowledged. If the database put aside can still be read,
restore takes that as well; else ask Clearmatch.

Examples:

    ppm restore /srv/ppm/backups/ppm-20260131-021000.tar.gz
    ppm restore /mnt/usb/ppm.tar.gz.age --yes`
}

// Run runs ppm restore.
func (c *restoreCmd) Run(p *program) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	kind, err := c.kind()
	if err != nil {
		return err
	}
	if service, err := attach(p, dir); err == nil {
		service.Close()
		return fmt.Errorf("ppm is running on %s: stop it first, then restore", dir)
	}
	passphrase := ""
	if kind == backup.Encrypted {
		if passphrase, err = p.passphrase(c.PassphraseFile, false); err != nil {
			return err
		}
	}
	if !c.Yes {
		if err := p.confirm(fmt.Sprintf("This puts %s in the place of what is kept in %s.\nWhat is kept now is put aside, not deleted.", c.File, dir)); err != nil {
			return err
		}
	}
	r := &restoring{program: p, dir: dir, file: c.File, mover: mover{dir: dir, keys: secret.Open(dir, p.environ)}}
	if kind == backup.Other {
		r.database = c.File
		err = r.replace()
	} else {
		err = r.unpack(passphrase, c.Settings)
	}
	if err != nil {
		return err
	}
	return r.tell(c.JSON)
}

// kind looks at what is to be restored.
func (c *restoreCmd) kind() (backup.Kind, error) {
	f, err := os.Open(c.File)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("restore: there is no file %s", c.File)
	}
	if err != nil {
		return 0, fmt.Errorf("restore: %w", err)
	}
	defer f.Close()
	kind, err := backup.KindOf(f)
	if err != nil {
		return 0, fmt.Errorf("restore %s: %w", c.File, err)
	}
	return kind, nil
}

// restoring is a restore on its way.
type restoring struct {
	*program
	mover
	dir, file string
	database  string   // the file with it
	aside     []string // what has been put aside
}

// unpackName is the folder in the data folder into which a backup is unpacked.
const unpackName = "restore.part"

// unpack reads the backup to its end, and only then changes anything.
func (r *restoring) unpack(passphrase string, settings bool) (err error) {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	r.from = filepath.Join(r.dir, unpackName)
	if err := os.RemoveAll(r.from); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.from)) }()
	names, err := r.read(passphrase)
	if err != nil {
		return fmt.Errorf("restore %s: %w", r.file, err)
	}
	if _, err := sqlite.Prove(r, r.database); err != nil {
		return fmt.Errorf("restore %s: %w", r.file, err)
	}
	if settings {
		if err := r.putAside(config.FileName, certsDir); err != nil {
			return err
		}
	}
	// The database comes last: whoever is interrupted finds none, and not one
	// without the settings that belong to it.
	if err := errors.Join(r.importKeys(names), r.move(names)); err != nil {
		return fmt.Errorf("restore %s: %w", r.file, err)
	}
	return r.replace()
}

// read unpacks the backup and returns the names of the files in it.
func (r *restoring) read(passphrase string) (names []string, err error) {
	f, err := os.Open(r.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := os.MkdirAll(r.from, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(r.from)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	_, err = backup.Read(r, f, passphrase, func(name string) (io.WriteCloser, error) {
		if !carries(name) {
			return nil, fmt.Errorf("%q has no place in a data folder; is this a backup of ppm?", name)
		}
		local := filepath.FromSlash(name)
		if err := root.MkdirAll(filepath.Dir(local), 0o700); err != nil {
			return nil, err
		}
		names = append(names, name)
		return root.OpenFile(local, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	})
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, backup.DatabaseName) {
		return nil, fmt.Errorf("%w: there is no database in it", backup.ErrDamaged)
	}
	r.database = filepath.Join(r.from, backup.DatabaseName)
	return names, nil
}

// putAside gives what is in the data folder by those names other ones.
func (r *restoring) putAside(names ...string) error {
	suffix := ".replaced-" + time.Now().UTC().Format("20060102-150405")
	for _, name := range names {
		path := filepath.Join(r.dir, name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.Rename(path, path+suffix); err != nil {
			return fmt.Errorf("put the present %s aside: %w", name, err)
		}
		r.aside = append(r.aside, path+suffix)
	}
	return nil
}

// replace puts the database in the place of the one that is there.
func (r *restoring) replace() error {
	aside, err := sqlite.Restore(r, r.dir, r.database)
	if err != nil && aside != "" {
		return fmt.Errorf("%w; what was there before is in %s: put that back with \"ppm restore %s\", or try again", err, aside, aside)
	}
	if aside != "" {
		r.aside = append([]string{aside}, r.aside...)
	}
	return err
}

// tell says what has been done, and what is left to do.
func (r *restoring) tell(asJSON bool) error {
	if len(r.unreadable) > 0 {
		r.todo = append(r.todo, fmt.Sprintf("not brought back, since this backup has no passphrase and was not made here: %s", strings.Join(r.unreadable, ", ")))
	}
	if asJSON {
		var database string
		if len(r.aside) > 0 {
			database = r.aside[0]
		}
		return r.printJSON(struct {
			Restored string   `json:"restored"`
			Aside    string   `json:"aside,omitempty"`
			Files    []string `json:"files,omitempty"`
			Kept     []string `json:"kept,omitempty"`
			ToDo     []string `json:"todo,omitempty"`
		}{r.file, database, r.restored, r.kept, r.todo})
	}
	fmt.Fprintf(r.stdout, "restored from %s\n", r.file)
	for _, aside := range r.aside {
		fmt.Fprintf(r.stdout, "what was there before is in %s\n", aside)
	}
	if len(r.restored) > 0 {
		fmt.Fprintf(r.stdout, "brought back too: %s\n", strings.Join(r.restored, ", "))
	}
	if len(r.kept) > 0 {
		fmt.Fprintf(r.stdout, "left as they are (--settings takes those of the backup): %s\n", strings.Join(r.kept, ", "))
	}
	for _, todo := range r.todo {
		fmt.Fprintf(r.stdout, "to do: %s\n", todo)
	}
	return nil
}
