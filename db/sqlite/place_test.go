package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"processmanager/db"
)

func TestSyncedFoldersAreKnown(t *testing.T) {
	for _, tt := range []struct {
		dir  string
		env  string // value of %OneDrive%
		in   string // a folder …
		file string // … with this in it
		want string
	}{
		// by name
		{dir: `C:\Users\Ann\OneDrive\ppm`, want: "OneDrive"},
		{dir: `C:\Users\Ann\OneDrive - Loans Ltd\Documents\ppm`, want: "OneDrive"},
		{dir: `C:\USERS\ANN\ONEDRIVE`, want: "OneDrive"},
		{dir: `/Users/ann/Library/CloudStorage/OneDrive-LoansLtd/ppm`, want: "OneDrive"},
		{dir: `/home/ann/Dropbox/ppm`, want: "Dropbox"},
		{dir: `C:\Users\Ann\Dropbox (Loans Ltd)\ppm`, want: "Dropbox"},
		{dir: `C:\Users\Ann\Loans Ltd Dropbox\Ann\ppm`, want: "Dropbox"},
		{dir: `/Users/ann/Library/CloudStorage/Dropbox/ppm`, want: "Dropbox"},
		{dir: `/Users/ann/Library/CloudStorage/GoogleDrive-ann@loans.example/My Drive/ppm`, want: "Google Drive"},
		{dir: `/Users/ann/Library/CloudStorage/Other-ann/ppm`, want: "other"},
		{dir: `C:\Users\Ann\Google Drive\ppm`, want: "Google Drive"},
		{dir: `G:\My Drive\ppm`, want: "Google Drive"},
		{dir: `/Users/ann/Library/Mobile Documents/com~apple~CloudDocs/ppm`, want: "iCloud Drive"},
		{dir: `C:\Users\Ann\iCloudDrive\ppm`, want: "iCloud Drive"},
		{dir: `/home/ann/Nextcloud/ppm`, want: "Nextcloud"},
		{dir: `/home/ann/ownCloud/ppm`, want: "ownCloud"},
		{dir: `C:\Users\Ann\Box\ppm`, want: "Box"},
		{dir: `/home/ann/Box Sync/ppm`, want: "Box"},

		// by the environment
		{dir: `D:\Cloud\ppm`, env: `D:\cloud`, want: "OneDrive"},
		{dir: `D:\Cloud`, env: `D:\Cloud\`, want: "OneDrive"},
		{dir: `D:\Cloudy\ppm`, env: `D:\Cloud`},
		{dir: `D:\Cloud\ppm`, env: `D:\Cloud\ppm\deeper`},
		{dir: `D:\ppm`, env: ``},

		// by what lies in the folder or above
		{dir: `/home/ann/shared/ppm`, in: `/home/ann/shared`, file: ".stfolder", want: "Syncthing"},
		{dir: `/home/ann/shared`, in: `/home/ann/shared`, file: ".stfolder", want: "Syncthing"},
		{dir: `D:\Data\ppm`, in: `D:\Data`, file: ".dropbox.cache", want: "Dropbox"},
		{dir: `D:\Data\ppm`, in: `D:\Data`, file: ".tmp.drivedownload", want: "Google Drive"},
		{dir: `G:\Meine Ablage\ppm`, in: `G:\`, file: ".shortcut-targets-by-id", want: "Google Drive"},
		{dir: `/srv/cloud/ppm`, in: `/srv/cloud`, file: ".sync_0a1b2c3d4e5f.db", want: "Nextcloud"},
		{dir: `/srv/cloud/ppm`, in: `/srv/cloud`, file: "._sync_0a1b2c3d4e5f.db", want: "Nextcloud"},
		{dir: `/srv/cloud/ppm`, in: `/srv/cloud`, file: ".nextcloudsync.log", want: "Nextcloud"},
		{dir: `/srv/cloud/ppm`, in: `/srv/cloud`, file: ".owncloudsync.log", want: "ownCloud"},

		// none of them
		{dir: `C:\ProgramData\ppm`, env: `C:\Users\Ann\OneDrive`},
		{dir: `C:\Users\Ann\AppData\Local\ppm`, env: `C:\Users\Ann\OneDrive`},
		{dir: `/home/ann/.local/share/ppm`, in: `/home/ann`, file: ".dropbox"},
		{dir: `/home/ann/.local/share/ppm`, in: `/home/ann/other`, file: ".stfolder"},
		{dir: `/home/ann/.local/share/ppm`, in: `/home/ann/.local/share/ppm`, file: "ppm.db"},
		{dir: `/srv/box/ppm`},
		{dir: `/srv/my drive/ppm`},
		{dir: `/home/ann/onedriver/ppm`},
		{dir: `/home/ann/nextcloud-backup/ppm`},
		{dir: `/`},
		{dir: `C:\`},
	} {
		environment := func(name string) string {
			if name == "OneDrive" {
				return tt.env
			}
			return ""
		}
		names := func(dir string) []string {
			if tt.in != "" && dir == tt.in {
				return []string{"something", tt.file}
			}
			return []string{"something"}
		}
		if got := syncedBy(tt.dir, environment, names); got != tt.want {
			t.Errorf("%s (%%OneDrive%% %q, %s in %q): %q, want %q", tt.dir, tt.env, tt.file, tt.in, got, tt.want)
		}
	}
}

func TestEveryOneDriveVariableCounts(t *testing.T) {
	for _, variable := range []string{"OneDrive", "OneDriveConsumer", "OneDriveCommercial"} {
		environment := func(name string) string {
			if name == variable {
				return `D:\Cloud`
			}
			return ""
		}
		if got := syncedBy(`D:\Cloud\ppm`, environment, func(string) []string { return nil }); got != "OneDrive" {
			t.Errorf("%s: %q", variable, got)
		}
	}
}

func TestWindowsPathsAreMadePlain(t *testing.T) {
	for path, want := range map[string]string{
		`\\?\C:\ProgramData\ppm`:   `C:\ProgramData\ppm`,
		`\\?\UNC\server\share\ppm`: `\\server\share\ppm`,
		`C:\ProgramData\ppm`:       `C:\ProgramData\ppm`,
	} {
		if got := plainPath(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// folder makes a folder with the real path of the temporary one.
func folder(t *testing.T, parts ...string) string {
	t.Helper()
	real, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(append([]string{real}, parts...)...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLocalFolderIsASafePlace(t *testing.T) {
	if err := checkPlace(folder(t, "ppm")); err != nil {
		t.Error(err)
	}
}

func TestSyncedFolderIsRefusedWithAdvice(t *testing.T) {
	dropbox := folder(t, "Dropbox", "ppm")
	shared := folder(t, "shared", "ppm")
	if err := os.Mkdir(filepath.Join(filepath.Dir(shared), ".stfolder"), 0o700); err != nil {
		t.Fatal(err)
	}
	cloud := folder(t, "cloud", "ppm")
	t.Setenv("OneDrive", filepath.Dir(cloud))
	for dir, service := range map[string]string{dropbox: "Dropbox", shared: "Syncthing", cloud: "OneDrive"} {
		refused(t, dir, service, dir)
	}
}

func TestNetworkDriveIsRefusedWithAdvice(t *testing.T) {
	err := refusal(`\\server\share\ppm`, "SMB", "")
	if !errors.Is(err, db.ErrPlace) {
		t.Fatalf("error %v", err)
	}
	for _, part := range []string{`\\server\share\ppm`, "network drive (SMB)", "--data"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if err := refusal("/srv/ppm", "", ""); err != nil {
		t.Error(err)
	}
}

// refused fails the test unless dir is refused in words that contain parts.
func refused(t *testing.T, dir string, parts ...string) {
	t.Helper()
	err := checkPlace(dir)
	if !errors.Is(err, db.ErrPlace) {
		t.Fatalf("%s: error %v", dir, err)
	}
	for _, part := range append(parts, "--data") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestLinksAreFollowedToWhereTheFilesLie(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // making links is a privilege there
	}
	dropbox := folder(t, "Dropbox", "ppm")
	link := filepath.Join(folder(t), "ppm")
	if err := os.Symlink(dropbox, link); err != nil {
		t.Fatal(err)
	}
	refused(t, link, "Dropbox", dropbox)

	outside := filepath.Join(folder(t, "Dropbox"), "ppm")
	if err := os.Symlink(folder(t, "ppm"), outside); err != nil {
		t.Fatal(err)
	}
	if err := checkPlace(outside); err != nil {
		t.Errorf("a link in Dropbox that leads out of it: %v", err)
	}
}

func TestMissingFolderIsAnErrorOfItsOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nowhere")
	if err := checkPlace(dir); err == nil || errors.Is(err, db.ErrPlace) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v", err)
	}
	if _, err := FreeSpace(dir); err == nil && slices.Contains([]string{"linux", "darwin", "windows"}, runtime.GOOS) {
		t.Error("free space of a folder that is not there")
	}
}

func TestFreeSpaceIsPlausible(t *testing.T) {
	free, err := FreeSpace(t.TempDir())
	if err != nil || free < 1<<20 {
		t.Errorf("%d bytes free, %v", free, err)
	}
}
