package client

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// rename gives a file another name, unless something has that already.
func rename(root *os.Root, from, to string) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	err = unix.Renameat2(int(dir.Fd()), from, int(dir.Fd()), to, unix.RENAME_NOREPLACE)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, errors.ErrUnsupported):
		return link(root, from, to) // a network drive, say
	}
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
}
