//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// A disk is a file system of its own in a file, mounted.
type disk struct {
	l       *lab
	dir     string // where it is mounted
	image   string
	mounted bool
	root    *os.File // open for the ioctl of cut; nil while not mounted
}

// newDisk makes and mounts a file system of that kind, "ext4" or "xfs".
func (l *lab) newDisk(kind string) (*disk, error) {
	d := &disk{l: l, dir: filepath.Join(l.dir, kind), image: filepath.Join(l.dir, kind+".img")}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		return nil, err
	}
	if _, err := l.tool("truncate", "-s", "1G", d.image); err != nil {
		return nil, err
	}
	if _, err := l.tool("mkfs."+kind, "-q", d.image); err != nil {
		return nil, err
	}
	l.cleanup(d.unmount)
	return d, d.mount()
}

func (d *disk) mount() (err error) {
	if _, err := d.l.tool("mount", "-o", "loop", d.image, d.dir); err != nil {
		return err
	}
	d.mounted = true
	d.root, err = os.Open(d.dir)
	return err
}

// unmount waits a little for a killed process to let go of its files, and then
// takes the mount away from under it.
func (d *disk) unmount() error {
	if !d.mounted {
		return nil
	}
	_ = d.root.Close()
	return d.l.workshop.unmount(d.dir, func() { d.mounted = false })
}

// unmount also works when the checker has been interrupted: it has no context.
func (w *workshop) unmount(dir string, done func()) error {
	var out []byte
	var err error
	for range 50 {
		if out, err = exec.Command("umount", dir).CombinedOutput(); err == nil {
			done()
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	if lazy := exec.Command("umount", "-l", dir).Run(); lazy == nil {
		done()
	}
	return fmt.Errorf("umount %s: %w: %s", dir, err, strings.TrimSpace(string(out)))
}

// remount is what a computer does after the power is back.
func (d *disk) remount() error {
	return errors.Join(d.unmount(), d.mount())
}

// cut stops the file system at once: nothing that has not been synced will
// reach the image any more, the journal included.
func (d *disk) cut() error {
	const shutdown = 0x8004587d // EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN
	flags := uint32(2)          // do not flush the journal
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, d.root.Fd(), shutdown, uintptr(unsafe.Pointer(&flags)))
	if errno != 0 {
		return fmt.Errorf("shut down %s: %w", d.dir, errno)
	}
	return nil
}
