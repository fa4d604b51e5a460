package secret

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// readFile returns the keys in the file, as [writeFile] wrote it.
func readFile(file string) (ring, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := private(file); err != nil {
		return nil, err
	}
	text, err := unprotect(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	r, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// writeFile writes the keys for this account alone. After a crash the file has
// either the old or the new ones.
func writeFile(file string, r ring) (err error) {
	b, err := protect(r.text())
	if err != nil {
		return fmt.Errorf("write the master key: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), "."+FileName+".*") // made with 0600
	if err != nil {
		return fmt.Errorf("write the master key: %w", err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the master key: %w", err), os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(file))
}

// syncDir makes a new name in dir survive a power cut. Windows keeps names in
// its journal and cannot sync a folder.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write the master key: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
