package sqlite

import (
	"bytes"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"processmanager/db"
)

// applicationID is in the header of every database of ours: "PPM1".
const applicationID = 0x50504D31

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations are the steps from an empty file to the present schema, in order.
// A schema's version is the number of steps behind it. They are added to,
// never edited.
var migrations = mustMigrations(migrationFiles)

func mustMigrations(files fs.FS) (steps []string) {
	names, err := fs.Glob(files, "migrations/*.sql") // in the order of their numbers
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		steps = append(steps, string(text))
	}
	return steps
}

// prepare makes the database at path if there is none, refuses what is not
// ours, and brings an older one up to date.
func prepare(path string, steps []string, log *slog.Logger) error {
	version, err := inspect(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if left := traces(path); left != "" {
			return fmt.Errorf("%s is missing, but there is %s: it was removed, or a restore was broken off. "+
				"Put it back with: ppm restore FILE; to begin anew without what it held, move that file elsewhere (%w)", path, left, db.ErrMissing)
		}
		return create(path, steps)
	case errors.Is(err, errNoDatabase):
		return fmt.Errorf("%s is %w; put back a backup with: ppm restore FILE", path, err)
	case errors.Is(err, errAnothers):
		return fmt.Errorf("%s is %w; move it elsewhere or choose another data folder", path, err)
	case err != nil:
		return fmt.Errorf("read %s: %w", path, err)
	case version > len(steps):
		return tooNew(path, version, len(steps))
	}
	// What the last commits left in the log counts as well.
	c, err := connect(path, writerDSN)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, plain(err))
	}
	defer c.close()
	if version, err = c.version(); err != nil {
		return fmt.Errorf("read the schema of %s: %w", path, plain(err))
	}
	switch {
	case version > len(steps):
		return tooNew(path, version, len(steps))
	case version == len(steps):
		return nil
	}
	log.Info("bringing the database up to date", "schema", version, "to", len(steps))
	// Named for what it holds: an upgrade that was cut short must not put half of
	// itself in the place of the copy made before it.
	copied := filepath.Join(filepath.Dir(path), backupsDir, fmt.Sprintf("schema-%d.db", version))
	if err := c.copyTo(copied); err != nil {
		return fmt.Errorf("copy %s before bringing it up to date: %w", path, plain(err))
	}
	log.Info("kept a copy of the database as it was", "file", copied)
	if err := c.migrate(steps, version); err != nil {
		return fmt.Errorf("bring %s up to date: %w", path, plain(err))
	}
	return nil
}

var (
	errNoDatabase = fmt.Errorf("%w, or its beginning is destroyed", db.ErrForeign)
	errAnothers   = fmt.Errorf("%w but another program's", db.ErrForeign)
)

func tooNew(path string, version, known int) error {
	return fmt.Errorf("%s was %w (its schema is %d, this program knows %d); install the newer ppm again", path, db.ErrNewer, version, known)
}

// inspect reads the header of the file at path, without the help of SQLite,
// which would create or change what it opens. Everything we create carries our
// mark from its first moment, so a file without it is not ours.
func inspect(path string) (version int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	header := make([]byte, 100)
	n, err := io.ReadFull(f, header)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return 0, fs.ErrNotExist // empty: nothing is lost by making it
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return 0, err
	case !bytes.HasPrefix(header, []byte("SQLite format 3\x00")):
		return 0, errNoDatabase
	case binary.BigEndian.Uint32(header[68:]) != applicationID:
		return 0, errAnothers
	}
	return int(binary.BigEndian.Uint32(header[60:])), nil
}

// create makes the database under another name and renames it when it is
// complete, so that there is never half of one.
func create(path string, steps []string) error {
	draft := path + ".new"
	if err := removeDatabase(draft); err != nil {
		return err
	}
	if err := build(draft, steps); err != nil {
		return fmt.Errorf("make %s: %w", path, plain(err))
	}
	return publish(draft, path)
}

func build(path string, steps []string) error {
	c, err := connect(path, "_journal_mode=DELETE&_synchronous=FULL")
	if err != nil {
		return err
	}
	if err := c.script(fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
		return errors.Join(err, c.close())
	}
	return errors.Join(c.migrate(steps, 0), c.close())
}

// migrate applies the steps after version, each in a transaction of its own
// together with its number.
func (c *conn) migrate(steps []string, version int) error {
	for i := version; i < len(steps); i++ {
		text := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\n;PRAGMA user_version = %d;\nCOMMIT;", strings.TrimSpace(steps[i]), i+1)
		if err := c.script(text); err != nil {
			return fmt.Errorf("schema %d: %w", i+1, err)
		}
	}
	return nil
}

func (c *conn) version() (int, error) {
	values, err := c.row("PRAGMA user_version")
	if err != nil {
		return 0, err
	}
	return int(number(values[0])), nil
}

// copyTo writes a copy of the database to path, replacing what was there only
// when the copy is complete.
func (c *conn) copyTo(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft := path + draftSuffix
	if err := errors.Join(removeDatabase(draft), touch(draft)); err != nil {
		return err
	}
	if _, err := c.exec("VACUUM INTO ?", draft); err != nil {
		return errors.Join(err, removeDatabase(draft))
	}
	return publish(draft, path)
}
