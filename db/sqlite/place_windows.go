package sqlite

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// resolve returns where the folder dir really lies, with junctions, substituted
// and mapped drives undone; a folder on another computer comes as \\server\share\….
func resolve(dir string) (string, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return "", err
	}
	// To ask for no right at all is enough to learn the name.
	folder, err := windows.CreateFile(name, 0, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return "", err
	}
	defer windows.CloseHandle(folder)
	buf := make([]uint16, windows.MAX_LONG_PATH)
	n, err := windows.GetFinalPathNameByHandle(folder, &buf[0], uint32(len(buf)), 0)
	if err != nil || int(n) > len(buf) {
		// Some drives that live in memory have no such name; the one given has to do.
		return filepath.Clean(dir), nil
	}
	return plainPath(windows.UTF16ToString(buf[:n])), nil
}

// FreeSpace returns how many bytes this user may still write on the disk that dir is on.
func FreeSpace(dir string) (bytes uint64, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	err = windows.GetDiskFreeSpaceEx(name, &bytes, nil, nil)
	return bytes, err
}

// networkDrive returns what kind of network drive dir is on, or "".
func networkDrive(dir string) (string, error) {
	volume := filepath.VolumeName(dir)
	if strings.HasPrefix(volume, `\\`) && !strings.HasPrefix(volume, `\\?\`) && !strings.HasPrefix(volume, `\\.\`) {
		return volume, nil
	}
	root, err := windows.UTF16PtrFromString(volume + `\`)
	if err != nil {
		return "", err
	}
	if windows.GetDriveType(root) == windows.DRIVE_REMOTE {
		return volume, nil
	}
	return "", nil
}
