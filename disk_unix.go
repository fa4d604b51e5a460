//go:build !windows

package main

import "golang.org/x/sys/unix"

// freeSpace returns how many bytes this account can still write on dir's disk.
func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
