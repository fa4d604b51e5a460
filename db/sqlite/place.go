package sqlite

import "golang.org/x/sys/unix"

func checkPlace(dir string) error { return nil }

func freeSpace(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}
