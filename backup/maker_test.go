package backup

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"processmanager/ppm"
)

func TestABackupHoldsEverythingAndIsProven(t *testing.T) {
	s := &memory{}
	s.kept.Store(3)
	m := newMaker(t, s)
	b := made(t, m, "", "")
	if b.Notifications != 3 || b.Encrypted || b.Bytes == 0 || !strings.HasSuffix(b.File, plainSuffix) || b.Proven.Before(b.At) {
		t.Errorf("made %+v", b)
	}
	files, manifest, err := contents(t, b.File, "")
	if err != nil || len(files) != 2 || files[DatabaseName] != strings.Repeat("notification\n", 3) || files["config.toml"] != "# settings\n" {
		t.Errorf("it holds %q, %v", files, err)
	}
	if manifest.AtLeast != 3 || manifest.Version != "1.2.3" || manifest.Encrypted {
		t.Errorf("its manifest is %+v", manifest)
	}
	state, err := State(m.Dir)
	if err != nil || state.Last == nil || *state.Last != b || state.Failed != nil {
		t.Errorf("it is noted as %+v, %v", state, err)
	}
	if got := left(t, m.Folder); !slices.Equal(got, []string{filepath.Base(b.File)}) {
		t.Errorf("there is more than the backup: %q", got)
	}
	info, err := os.Stat(b.File)
	if err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

func TestAnEncryptedBackupIsOpenedByItsPassphraseOnly(t *testing.T) {
	s := &memory{}
	s.kept.Store(2)
	m := newMaker(t, s)
	b := made(t, m, "", passphrase)
	if !b.Encrypted || !strings.HasSuffix(b.File, encryptedSuffix) {
		t.Errorf("made %+v", b)
	}
	text, err := os.ReadFile(b.File)
	if err != nil || strings.Contains(string(text), "notification") || strings.Contains(string(text), "canary") {
		t.Errorf("something in it can be read, or: %v", err)
	}
	files, _, err := contents(t, b.File, passphrase)
	if err != nil || files["certs/key.pem"] != "canary-key" {
		t.Errorf("it holds %q, %v", files, err)
	}
	for _, wrong := range []string{"", "correct horse battery stapl"} {
		if files, _, err := contents(t, b.File, wrong); !errors.Is(err, ErrPassphrase) || len(files) != 0 {
			t.Errorf("opened with %q: %q, %v", wrong, files, err)
		}
	}
	if _, err := m.Make(t.Context(), "", "too short", nil); err == nil {
		t.Error("encrypted with a passphrase that can be guessed")
	}
	m.Passphrase = func() (string, error) { return passphrase, nil }
	if b := made(t, m, "", ""); !b.Encrypted {
		t.Error("the passphrase of the settings does not count")
	}
	m.Passphrase = func() (string, error) { return "", errors.New("waiting for the master key") }
	if b, err := m.Make(t.Context(), "", "", nil); err == nil {
		t.Errorf("without the passphrase wanted, there is %+v", b)
	}
}

func TestAPlainBackupIsOpenedByTar(t *testing.T) {
	s := &memory{}
	s.kept.Store(1)
	b := made(t, newMaker(t, s), "", "")
	out, err := exec.Command("tar", "-tzf", b.File).Output()
	if err != nil || string(out) != "ppm.db\nconfig.toml\nmanifest.json\n" {
		t.Errorf("tar finds %q, %v", out, err)
	}
}

func TestWhatDoesNotStandTheProofIsNoBackup(t *testing.T) {
	for name, spoil := range map[string]func(*Maker, *memory){
		"copied wrongly":    func(_ *Maker, s *memory) { s.writes = "damaged" },
		"too few copied":    func(_ *Maker, s *memory) { s.writes = "notification\n" },
		"not copied at all": func(_ *Maker, s *memory) { s.fail(errors.New("disk I/O error")) },
		"no room":           func(m *Maker, _ *memory) { m.Free = func(string) (uint64, error) { return spare, nil } },
	} {
		s := &memory{}
		s.kept.Store(3)
		m := newMaker(t, s)
		first := made(t, m, "", "")
		spoil(m, s)
		_, err := m.Make(t.Context(), filepath.Join(m.Folder, "bad.tar.gz"), "", nil)
		if err == nil {
			t.Errorf("%s: it was taken for a backup", name)
			continue
		}
		if got := left(t, m.Folder); !slices.Equal(got, []string{filepath.Base(first.File)}) {
			t.Errorf("%s: it left %q", name, got)
		}
		state, stateErr := State(m.Dir)
		if stateErr != nil || state.Last == nil || *state.Last != first || state.Failed == nil || state.Failed.Error != err.Error() {
			t.Errorf("%s: noted as %+v, %v; the error is %v", name, state, stateErr, err)
		}
		since := state.Failed.Since
		if _, err := m.Make(t.Context(), filepath.Join(m.Folder, "bad.tar.gz"), "", nil); err == nil {
			t.Errorf("%s: it worked at the second time", name)
		}
		if state, _ := State(m.Dir); !state.Failed.Since.Equal(since) {
			t.Errorf("%s: it fails since %v instead of %v", name, state.Failed.Since, since)
		}
		s.fail(nil)
		s.writes, m.Free = "", func(string) (uint64, error) { return 1 << 40, nil }
		made(t, m, "", "")
		if state, _ := State(m.Dir); state.Failed != nil {
			t.Errorf("%s: after a good one it still counts as failed: %+v", name, state)
		}
	}
}

func TestEveryDamagedByteIsNoticed(t *testing.T) {
	s := &memory{}
	s.kept.Store(2)
	for _, phrase := range []string{"", passphrase} {
		m := newMaker(t, s)
		b := made(t, m, "", phrase)
		whole, err := os.ReadFile(b.File)
		if err != nil {
			t.Fatal(err)
		}
		files, _, err := contents(t, b.File, phrase)
		if err != nil {
			t.Fatal(err)
		}
		spoiled := filepath.Join(m.Dir, "spoiled")
		step := 1
		if phrase != "" {
			step = 23 // each try takes the time that it takes to guess a passphrase
		}
		for i := 0; i < len(whole); i += step {
			bad := slices.Clone(whole)
			bad[i] ^= 0x10
			if err := os.WriteFile(spoiled, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			// Some bits mean nothing, such as the time in the header of gzip.
			if got, _, err := contents(t, spoiled, phrase); err == nil && !maps.Equal(got, files) {
				t.Errorf("encrypted %v: byte %d of %d is another, and nobody notices", phrase != "", i, len(whole))
			}
		}
		for _, n := range []int{0, 1, len(whole) / 2, len(whole) - 1} {
			if err := os.WriteFile(spoiled, whole[:n], 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := contents(t, spoiled, phrase); err == nil {
				t.Errorf("encrypted %v: cut to %d of %d bytes, and nobody notices", phrase != "", n, len(whole))
			}
		}
	}
}

func TestSoManyAreKeptAndOthersFilesLeftAlone(t *testing.T) {
	m := newMaker(t, &memory{})
	if err := os.MkdirAll(m.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	others := []string{"holiday.jpg", "ppm-20200101-000000.tar.gz.txt", "schema-2.db"}
	for _, name := range append(others, "ppm-20200101-000000.tar.gz", "ppm-20200102-000000-2.tar.gz.age", "ppm-20200102-000000.tar.gz.copy.part") {
		if err := os.WriteFile(filepath.Join(m.Folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for range 4 {
		want = append(want, filepath.Base(made(t, m, "", "").File))
	}
	// The oldest are gone; of those of one second, the first.
	want = append(others, want[1:]...)
	slices.Sort(want)
	if got := left(t, m.Folder); !slices.Equal(got, want) {
		t.Errorf("left are %q; want %q", got, want)
	}
	made(t, m, filepath.Join(m.Folder, "mine.tar.gz"), "")
	if got := left(t, m.Folder); len(got) != len(want)+1 {
		t.Errorf("a backup that has a name of its own made others go: %q", got)
	}
}

func TestOneIsMadeAtATimeAndNoFileIsReplaced(t *testing.T) {
	s := &memory{block: make(chan struct{})}
	m := newMaker(t, s)
	first := make(chan error)
	begun := make(chan struct{})
	m.Size = func() (int64, error) { close(begun); return 0, nil }
	to := filepath.Join(m.Dir, "here.tar.gz")
	go func() {
		_, err := m.Make(context.Background(), to, "", nil)
		first <- err
	}()
	<-begun
	if _, err := m.Make(t.Context(), "", "", nil); !errors.Is(err, ErrBusy) {
		t.Errorf("two at a time: %v", err)
	}
	close(s.block)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if _, err := m.Make(t.Context(), to, "", nil); err == nil {
		t.Error("a file was replaced")
	}
}

func TestABackupThatIsBrokenOffLeavesNothingAndHasNotFailed(t *testing.T) {
	s := &memory{block: make(chan struct{})}
	m := newMaker(t, s)
	ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if _, err := m.Make(ctx, "", "", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("broken off: %v", err)
	}
	if state, err := State(m.Dir); err != nil || state != (ppm.Backups{}) || len(left(t, m.Folder)) != 0 {
		t.Errorf("noted: %+v, %v; left: %q", state, err, left(t, m.Folder))
	}
}
