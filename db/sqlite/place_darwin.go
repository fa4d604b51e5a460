package sqlite

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// resolve returns where the folder dir really lies.
func resolve(dir string) (string, error) { return filepath.EvalSymlinks(dir) }

// FreeSpace returns how many bytes this user may still write on the disk that dir is on.
func FreeSpace(dir string) (bytes uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}

// networkDrive returns what kind of network drive dir is on, or "".
func networkDrive(dir string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "", err
	}
	if st.Flags&unix.MNT_LOCAL != 0 {
		return "", nil
	}
	return unix.ByteSliceToString(st.Fstypename[:]), nil // smbfs, nfs, webdav …
}
