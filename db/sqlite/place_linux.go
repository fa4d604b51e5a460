package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return "", err
	}
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return "", err
	}
	// Without /proc the number has to do.
	table, _ := os.ReadFile("/proc/self/mountinfo")
	return remote(uint32(fs.Type), mountOf(string(table), uint64(st.Dev))), nil
}

// A mount is what /proc/self/mountinfo says of a mounted file system (proc(5)).
type mount struct {
	kind    string // such as "ext4", "fuse.sshfs"
	source  string // such as "/dev/sda1", "user@host:/folder"
	options string // of the file system, separated by commas
}

// mountOf finds the file system of the given device number in mountinfo.
func mountOf(mountinfo string, device uint64) mount {
	want := fmt.Sprintf("%d:%d", unix.Major(device), unix.Minor(device))
	for line := range strings.Lines(mountinfo) {
		before, after, _ := strings.Cut(line, " - ")
		where, what := strings.Fields(before), strings.Fields(after)
		if len(where) >= 3 && len(what) >= 3 && where[2] == want {
			return mount{kind: what[0], source: what[1], options: what[2]}
		}
	}
	return mount{}
}

// remoteMagic are the numbers of file systems that lie on another computer
// (statfs(2) and the kernel's magic.h), or on the host of a virtual machine by
// a way that does not keep SQLite's locks.
var remoteMagic = map[uint32]string{
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.SMB_SUPER_MAGIC:  "SMB",
	unix.CIFS_SUPER_MAGIC: "SMB",
	unix.SMB2_SUPER_MAGIC: "SMB",
	unix.AFS_SUPER_MAGIC:  "AFS",
	unix.AFS_FS_MAGIC:     "AFS",
	unix.CODA_SUPER_MAGIC: "Coda",
	unix.CEPH_SUPER_MAGIC: "Ceph",
	unix.NCP_SUPER_MAGIC:  "NetWare",
	0x0bd00bd0:            "Lustre",
	0x19830326:            "BeeGFS",
	0x47504653:            "GPFS",
	0x786f4256:            "VirtualBox shared folder",
	0xbacbacbc:            "VMware shared folder",
}

// remoteFUSE are file systems made by programs (FUSE) that reach another
// computer. Many do not: those of local disks (NTFS, exFAT), of encryption
// and of overlays are as good as what they lie on, and are not refused.
var remoteFUSE = map[string]bool{
	"sshfs": true, "rclone": true, "s3fs": true, "gcsfuse": true, "goofys": true, "davfs": true, "davfs2": true,
	"curlftpfs": true, "smbnetfs": true, "gvfsd-fuse": true, "glusterfs": true, "ceph-fuse": true, "cephfs": true,
	"juicefs": true, "seadrive": true, "onedriver": true, "google-drive-ocamlfuse": true, "vmhgfs-fuse": true,
	"blobfuse": true, "blobfuse2": true, "mount-s3": true, "mountpoint-s3": true, "kio-fuse": true,
}

// remote returns what kind of network drive a file system with that number and
// entry among the mounts is, or "".
func remote(magic uint32, m mount) string {
	switch magic {
	case unix.FUSE_SUPER_MAGIC:
		name := strings.TrimPrefix(m.kind, "fuse.")
		if remoteFUSE[name] {
			return name
		}
		// davfs2 and others give no name of their own, but an address.
		if strings.Contains(m.source, "://") {
			return m.source
		}
		return ""
	case unix.V9FS_MAGIC:
		// Sandboxes such as gVisor have all their files by 9P, well kept. Not so
		// Windows' drives inside WSL and folders of a virtual machine's host.
		for option := range strings.SplitSeq(m.options, ",") {
			switch {
			case strings.HasPrefix(option, "aname=drvfs"):
				return "Windows drive in WSL"
			case strings.HasPrefix(option, "trans=") && option != "trans=fd":
				return "9P"
			}
		}
		return ""
	}
	return remoteMagic[magic]
}
