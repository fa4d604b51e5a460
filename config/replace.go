package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// replaceFile gives the file path new contents: after a crash it has either
// the old or the new ones. Mode and owner stay; a new file is its owner's alone.
func replaceFile(path string, data []byte) (err error) {
	temp, err := writeTemp(path, data)
	if err != nil {
		return err
	}
	defer discard(temp, &err)
	old, err := os.Stat(path)
	switch {
	case err == nil:
		if err := keepOwner(temp, old); err != nil {
			return fmt.Errorf("keep the owner of %s: %w", path, err)
		}
		if err := os.Chmod(temp, old.Mode().Perm()); err != nil {
			return fmt.Errorf("keep the rights of %s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("replace settings: %w", err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("replace settings: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// createFile makes the file path with those contents, whole or not at all. If
// there is one by that name it is left alone.
func createFile(path string, data []byte) (err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err // nil if it is there
	}
	temp, err := writeTemp(path, data)
	if err != nil {
		return err
	}
	defer discard(temp, &err)
	// Unlike a rename, a link cannot replace what another process has made in the
	// meantime. Not every file system has links.
	err = os.Link(temp, path)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// writeTemp writes a file of mode 0600 beside path, through to the disk.
func writeTemp(path string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", fmt.Errorf("write settings: %w", err)
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("write settings: %w", err)
		}
	}()
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	return f.Name(), f.Sync()
}

// discard removes what is left of a temporary file.
func discard(temp string, err *error) {
	if rerr := os.Remove(temp); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) && *err == nil {
		*err = fmt.Errorf("remove temporary settings: %w", rerr)
	}
}

// syncFolder makes a new name in dir survive a power cut. Windows keeps names
// in its journal and cannot sync a folder.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return nil
}
