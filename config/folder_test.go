package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataFolderIsWhereTheSystemWantsIt(t *testing.T) {
	here := t.TempDir()
	for _, tt := range []struct {
		system, flag, environ string // the environment separated by blanks
		service               bool
		want                  string // or what the error says
	}{
		{"linux", here, "PPM_DATA=/env HOME=/home/a", false, here},
		{"linux", "", "PPM_DATA=" + here + " HOME=/home/a", true, here},
		{"linux", "", "PPM_DATA= HOME=/home/a", false, "/home/a/.local/share/partner-process-manager"},
		{"linux", "", "XDG_DATA_HOME=/data/ HOME=/home/a", false, "/data/partner-process-manager"},
		{"linux", "", "XDG_DATA_HOME=data XDG_STATE_HOME=/state HOME=/home/a", false, "/home/a/.local/share/partner-process-manager"},
		{"linux", "", "STATE_DIRECTORY=/var/lib/a:/var/lib/b HOME=/root", true, "/var/lib/a"},
		{"linux", "", "HOME=/home/a", true, "/var/lib/partner-process-manager"},
		{"linux", "", "", false, "name one with --data or PPM_DATA"},
		{"windows", "", `ProgramData=C:\ProgramData LocalAppData=C:\Users\a\AppData\Local`, true, `C:\ProgramData\PartnerProcessManager`},
		{"windows", "", `PROGRAMDATA=C:\ProgramData LOCALAPPDATA=C:\Users\a\AppData\Local`, false, `C:\Users\a\AppData\Local\PartnerProcessManager`},
		{"windows", "", `ProgramData=C:\ProgramData`, false, "name one with --data or PPM_DATA"},
		{"darwin", "", "HOME=/Users/a", false, "/Users/a/Library/Application Support/PartnerProcessManager"},
		{"darwin", "", "HOME=/Users/a", true, "/Library/Application Support/PartnerProcessManager"},
		{"darwin", "", "", false, "name one with --data or PPM_DATA"},
	} {
		got, err := dataFolder(tt.system, tt.flag, strings.Split(tt.environ, " "), tt.service)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("%+v gives %s", tt, got)
		}
	}
}

func TestDataFolderIsAbsolute(t *testing.T) {
	t.Chdir(t.TempDir())
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DataFolder("here", nil, false)
	if want := filepath.Join(wd, "here"); err != nil || got != want {
		t.Errorf("DataFolder = %s, %v; want %s", got, err, want)
	}
}

func TestPrepareMakesWhatIsMissingAndNothingElse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := Prepare(dir); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"", "certs", "log", "backups"} {
		onlyOwner(t, filepath.Join(dir, d), 0o700)
	}
	onlyOwner(t, Path(dir), 0o600)
	if got := readBack(t, dir); got != defaultFile {
		t.Errorf("the file is\n%s", got)
	}
	c, err := Load(dir, nil)
	if err != nil || c.Receiver != Default().Receiver {
		t.Errorf("Load = %+v, %v", c, err)
	}
	if s, err := c.Get("receiver.path"); err != nil || s.Source != FromDefault {
		t.Errorf("the new file counts as %s, %v", s.Source, err)
	}

	write(t, dir, "# mine\n")
	if err := Prepare(dir); err != nil {
		t.Fatal(err)
	}
	if got := readBack(t, dir); got != "# mine\n" {
		t.Errorf("Prepare wrote over the file: %s", got)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestPrepareSaysWhyItCannot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Prepare(file); err == nil || !strings.Contains(err.Error(), "make the data folder") {
		t.Errorf("Prepare = %v", err)
	}
}
