package client_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"processmanager/ppm"
)

func TestAFullDiskIsTriedAgainAndHoldsNoHalfFile(t *testing.T) {
	dir := tempDir(t)
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k")
	if errors.Is(err, unix.EPERM) && os.Getenv("CI") == "" {
		return // only root may mount
	}
	check(t, err)
	defer unix.Unmount(dir, unix.MNT_DETACH)
	way := open(t, ppm.Folder, map[string]any{"path": dir}, nil)
	p := parcel("A1")
	p.Data = []byte(`"` + strings.Repeat("y", 256<<10) + `"`)
	for range 2 {
		if _, err := way.Deliver(t.Context(), p); err == nil || isFinal(err) || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("on a full disk: %v", err)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
			t.Errorf("on a full disk the folder holds %v, %v", files, err)
		}
	}
	check(t, unix.Mount("", dir, "", unix.MS_REMOUNT, "size=1m"))
	if _, err := way.Deliver(t.Context(), p); err != nil {
		t.Errorf("once there is room: %v", err)
	}
	files, err := os.ReadDir(dir)
	check(t, err)
	text, err := os.ReadFile(filepath.Join(dir, p.Key+".json"))
	if err != nil || len(files) != 1 || !bytes.Contains(text, p.Data) {
		t.Errorf("once there is room the folder holds %v, %d bytes, %v", files, len(text), err)
	}
}

func TestAFolderThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	dir := tempDir(t)
	err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_RDONLY, "size=64k")
	if errors.Is(err, unix.EPERM) && os.Getenv("CI") == "" {
		return
	}
	check(t, err)
	defer unix.Unmount(dir, unix.MNT_DETACH)
	way := open(t, ppm.Folder, map[string]any{"path": dir}, nil)
	if _, err := way.Deliver(t.Context(), parcel("A1")); err == nil || isFinal(err) {
		t.Errorf("%v", err)
	}
}

func TestWhatABrokenAttemptHasLeftIsReplaced(t *testing.T) {
	dir := tempDir(t)
	p := parcel("A1")
	left := filepath.Join(dir, "."+p.Key+".json.part")
	check(t, os.WriteFile(left, []byte(`{"half":`), 0o600))
	if _, err := open(t, ppm.Folder, map[string]any{"path": dir}, nil).Deliver(t.Context(), p); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 || files[0].Name() != p.Key+".json" {
		t.Errorf("the folder holds %v, %v", files, err)
	}
}

// A link that somebody has put into the place of a file leads nowhere.
func TestLinksAreNotFollowedOutOfAFolder(t *testing.T) {
	dir, elsewhere := tempDir(t), filepath.Join(tempDir(t), "mine")
	p := parcel("A1")
	check(t, os.WriteFile(elsewhere, []byte("mine"), 0o600))
	for _, name := range []string{p.Key + ".json", "." + p.Key + ".json.part"} {
		link := filepath.Join(dir, name)
		check(t, os.Symlink(elsewhere, link))
		_, err := open(t, ppm.Folder, map[string]any{"path": dir}, nil).Deliver(t.Context(), p)
		if own := !strings.HasSuffix(name, ".part"); own != (err != nil) {
			t.Errorf("with a link %s: %v", name, err)
		}
		if text, err := os.ReadFile(elsewhere); err != nil || string(text) != "mine" {
			t.Errorf("with a link %s: the file it leads to holds %q, %v", name, text, err)
		}
		check(t, os.RemoveAll(link))
	}
}

// The content is on disk before the file has its name, and the name before the
// delivery counts; and no name is taken from another file.
func TestAFileIsOnDiskBeforeItIsDelivered(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%v: .ci/install brings it", err)
		}
		return
	}
	self, err := os.Executable()
	check(t, err)
	dir := tempDir(t)
	cmd := exec.Command(strace, "-f", "-y", "-e", "trace=openat,fsync,renameat2,write", "-e", "signal=none", self, beProgram, "deliver", dir)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1") // as few threads as possible, whose calls strace mixes
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	order := regexp.MustCompile(`(?s)openat\([^\n]*\.part", [^\n]*O_CREAT\|O_EXCL` +
		`.*fsync\(\d+<[^\n]*\.part>` +
		`.*renameat2\([^\n]*\.part", [^\n]*RENAME_NOREPLACE` +
		`.*fsync\(\d+<` + regexp.QuoteMeta(dir) + `>` +
		`.*write\(1<[^\n]*"delivered`)
	if !order.Match(out) {
		t.Errorf("this is what it did:\n%s", out)
	}
}
