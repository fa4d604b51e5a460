//go:build !windows

package client

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncNames makes the new name survive a power cut. Not every file system can
// do that for a folder; those that cannot say so.
func syncNames(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// isFull reports whether err says that there is no room.
func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }
