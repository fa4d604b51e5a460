package sqlite

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNetworkDrivesAreKnown(t *testing.T) {
	for _, tt := range []struct {
		name  string
		magic uint32
		mount mount
		want  string
	}{
		{"ext4", unix.EXT4_SUPER_MAGIC, mount{"ext4", "/dev/sda1", "rw"}, ""},
		{"xfs", unix.XFS_SUPER_MAGIC, mount{"xfs", "/dev/sda1", "rw"}, ""},
		{"btrfs", unix.BTRFS_SUPER_MAGIC, mount{"btrfs", "/dev/sda1", "rw"}, ""},
		{"tmpfs", unix.TMPFS_MAGIC, mount{"tmpfs", "tmpfs", "rw"}, ""},
		{"overlay", unix.OVERLAYFS_SUPER_MAGIC, mount{"overlay", "overlay", "rw"}, ""},

		{"NFS", 0x6969, mount{"nfs4", "server:/export", "rw"}, "NFS"},
		{"CIFS", 0xff534d42, mount{"cifs", "//server/share", "rw"}, "SMB"},
		{"SMB 2", 0xfe534d42, mount{"smb3", "//server/share", "rw"}, "SMB"},
		{"old SMB", 0x517b, mount{}, "SMB"},
		{"AFS", 0x5346414f, mount{}, "AFS"},
		{"the kernel's AFS", 0x6b414653, mount{}, "AFS"},
		{"Ceph", 0x00c36400, mount{}, "Ceph"},
		{"VirtualBox", 0x786f4256, mount{"vboxsf", "share", ""}, "VirtualBox shared folder"},

		{"NTFS by a program", unix.FUSE_SUPER_MAGIC, mount{"fuseblk", "/dev/sdb1", "rw"}, ""},
		{"encrypted folder", unix.FUSE_SUPER_MAGIC, mount{"fuse.gocryptfs", "/home/ann/.sealed", "rw"}, ""},
		{"overlay by a program", unix.FUSE_SUPER_MAGIC, mount{"fuse.fuse-overlayfs", "fuse-overlayfs", "rw"}, ""},
		{"FUSE without /proc", unix.FUSE_SUPER_MAGIC, mount{}, ""},
		{"sshfs", unix.FUSE_SUPER_MAGIC, mount{"fuse.sshfs", "ann@server:/home", "rw"}, "sshfs"},
		{"rclone", unix.FUSE_SUPER_MAGIC, mount{"fuse.rclone", "drive:", "rw"}, "rclone"},
		{"WebDAV", unix.FUSE_SUPER_MAGIC, mount{"fuse", "https://cloud.example/dav", "rw"}, "https://cloud.example/dav"},

		{"sandbox by 9P", unix.V9FS_MAGIC, mount{"9p", "none", "rw,trans=fd,rfdno=4,wfdno=4,aname=/"}, ""},
		{"drive in WSL", unix.V9FS_MAGIC, mount{"9p", `C:\134`, `rw,aname=drvfs;path=C:\;uid=1000,trans=fd,rfd=3`}, "Windows drive in WSL"},
		{"host's folder by 9P", unix.V9FS_MAGIC, mount{"9p", "share", "rw,trans=virtio,version=9p2000.L"}, "9P"},
	} {
		if got := remote(tt.magic, tt.mount); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMountIsFoundByItsDevice(t *testing.T) {
	const table = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
40 27 0:45 / /home/ann/with\040space rw,nosuid shared:30 master:2 - fuse.sshfs ann@server:/home rw,user_id=1000
cut short
`
	for device, want := range map[uint64]mount{
		unix.Mkdev(8, 1):  {"ext4", "/dev/sda1", "rw,errors=remount-ro"},
		unix.Mkdev(0, 45): {"fuse.sshfs", "ann@server:/home", "rw,user_id=1000"},
		unix.Mkdev(0, 4):  {},
	} {
		if got := mountOf(table, device); got != want {
			t.Errorf("%d:%d: %v, want %v", unix.Major(device), unix.Minor(device), got, want)
		}
	}
}

func TestThisMachinesMountsAreFound(t *testing.T) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Stat("/proc", &st); err != nil {
		t.Fatal(err)
	}
	if m := mountOf(string(table), uint64(st.Dev)); m.kind != "proc" {
		t.Errorf("/proc is %v", m)
	}
}

func TestFreeSpaceIsWhatDfSays(t *testing.T) {
	dir := t.TempDir()
	out, err := exec.Command("df", "--output=avail", "-B1", dir).Output()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("df: %v", err)
		}
		return // no df, or one that knows no such question: nothing to compare with
	}
	_, number, _ := strings.Cut(string(out), "\n")
	want, err := strconv.ParseUint(strings.TrimSpace(number), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	free, err := FreeSpace(dir)
	if err != nil {
		t.Fatal(err)
	}
	// Others write meanwhile.
	if free < want-want/10 || free > want+want/10 {
		t.Errorf("%d bytes free; df says %d", free, want)
	}
}
