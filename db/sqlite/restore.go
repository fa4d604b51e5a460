package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"processmanager/db"
)

// restoreSuffix marks a backup on its way to becoming the database.
const restoreSuffix = ".restore"

// Restore puts the backup in file in the place of the database in the data
// folder dir, after checking it. A log beside it belongs to it. The database
// that was there is kept beside the new one under the name that is returned
// ("" if there was none). It refuses while a Store has the folder open.
//
// Killed at any moment, it leaves a folder that either opens as before, opens
// restored, or is refused by [Open] with the advice to restore again.
func Restore(ctx context.Context, dir, file string) (kept string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	lock, err := acquire(dir)
	if err != nil {
		return "", fmt.Errorf("%w; stop it first", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	path := filepath.Join(dir, FileName)
	draft := path + restoreSuffix
	if err := removeDatabase(draft); err != nil {
		return "", err
	}
	if err := fetchBackup(ctx, file, draft); err != nil {
		return "", errors.Join(fmt.Errorf("restore %s: %w", file, plain(err)), removeDatabase(draft))
	}
	// The index was made for the other database.
	if err := removeDatabase(filepath.Join(dir, indexName)); err != nil {
		return "", err
	}
	if kept, err = setAside(path); err != nil {
		return kept, fmt.Errorf("put the present database aside: %w", err)
	}
	return kept, publish(draft, path)
}

// fetchBackup copies the backup in file, and the log beside it, to the one file
// draft, and checks it.
func fetchBackup(ctx context.Context, file, draft string) error {
	version, err := inspect(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file, or it is empty")
	case err != nil:
		return fmt.Errorf("it is %w", err)
	case version > len(migrations):
		return fmt.Errorf("it was %w; install that version first", db.ErrNewer)
	}
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(ctx, file+suffix, draft+suffix); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	c, err := connect(draft, writerDSN)
	if err != nil {
		return err
	}
	var l wal
	if err := errors.Join(l.empty(c), c.close()); err != nil {
		return err
	}
	if err := check(ctx, draft); err != nil {
		return err
	}
	return syncFile(draft)
}

// setAside gives the database at path another name, its journals after it: as
// long as one of them is left, Open knows that something is missing.
func setAside(path string) (kept string, err error) {
	at := time.Now().UTC()
	for {
		kept = fmt.Sprintf("%s.replaced-%s", path, at.Format("20060102-150405"))
		if _, err := os.Lstat(kept); err != nil {
			break
		}
		at = at.Add(time.Second)
	}
	found := false
	for _, suffix := range databaseFiles {
		err := os.Rename(path+suffix, kept+suffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return kept, err
		}
		found = found || err == nil
	}
	if !found {
		return "", nil
	}
	return kept, syncDir(filepath.Dir(path))
}

// traces returns a file that says that there should be a database at path, or "".
func traces(path string) string {
	left, _ := filepath.Glob(path + ".replaced-*")
	index := filepath.Join(filepath.Dir(path), indexName)
	for _, name := range append(left, path+restoreSuffix, path+"-wal", path+"-journal", index) {
		if info, err := os.Stat(name); err == nil && info.Size() > 0 {
			return name
		}
	}
	return ""
}
