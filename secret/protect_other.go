//go:build !windows

package secret

import (
	"fmt"
	"os"
)

// protect and unprotect leave the keys as they are: here the file's mode keeps
// them, and its owner's account.
func protect(text []byte) ([]byte, error)   { return text, nil }
func unprotect(text []byte) ([]byte, error) { return text, nil }

// private returns an error if others may read the file.
func private(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s can be read by other accounts (mode %04o): chmod 600 it", file, mode)
	}
	return nil
}
