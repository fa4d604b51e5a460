package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// made returns the keys of a new data folder.
func made(t *testing.T) (k *Keys, dir string) {
	t.Helper()
	dir = t.TempDir()
	k = Open(dir, nil)
	if !k.Missing() || k.Err() == nil {
		t.Fatalf("a new folder has a key: %v", k.Err())
	}
	if err := k.Make(); err != nil {
		t.Fatal(err)
	}
	if err := k.Err(); err != nil || k.Missing() {
		t.Fatalf("the key made: %v", err)
	}
	return k, dir
}

func sealed(t *testing.T, k *Keys, place, text string) string {
	t.Helper()
	s, err := k.Seal(place, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func opens(t *testing.T, k *Keys, place, s, want string) {
	t.Helper()
	if got, err := k.Open(place, s); err != nil || got != want {
		t.Errorf("opened %q, %v; want %q", got, err, want)
	}
}

func TestWhatIsSealedIsOpenedByTheSameFolderOnly(t *testing.T) {
	k, dir := made(t)
	s := sealed(t, k, "client token", "hunter2 ☂")
	if !Sealed(s) || strings.Contains(s, "hunter2") || s == sealed(t, k, "client token", "hunter2 ☂") {
		t.Errorf("sealed as %s", s)
	}
	opens(t, Open(dir, nil), "client token", s, "hunter2 ☂")
	opens(t, k, "client token", "never sealed", "never sealed")

	other, _ := made(t)
	if _, err := other.Open("client token", s); !errors.Is(err, ErrWaiting) {
		t.Errorf("another folder's keys: %v", err)
	}
	if text, err := k.Open("client password", s); err == nil {
		t.Errorf("opened for another place: %q", text)
	}
	head, body := s[:strings.LastIndexByte(s, ':')+1], s[strings.LastIndexByte(s, ':')+1:]
	raw, _ := base64.RawURLEncoding.DecodeString(body)
	raw[len(raw)-1] ^= 1
	if text, err := k.Open("client token", head+base64.RawURLEncoding.EncodeToString(raw)); err == nil {
		t.Errorf("opened though it was changed: %q", text)
	}
}

func TestTheFileDoesNotGiveTheKeyToOthers(t *testing.T) {
	k, dir := made(t)
	b, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		if bytes.Contains(b, bytes.TrimSpace(k.Export())) {
			t.Error("the key is in the file as text")
		}
		return
	}
	info, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	s := sealed(t, k, "x", "secret")
	if err := os.Chmod(filepath.Join(dir, FileName), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, nil).Open("x", s); !errors.Is(err, ErrWaiting) || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that everybody can read: %v", err)
	}
}

func TestAMissingKeyIsWaitedForAndHeals(t *testing.T) {
	k, dir := made(t)
	s := sealed(t, k, "x", "secret")
	file := filepath.Join(dir, FileName)
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	again := Open(dir, nil)
	if _, err := again.Open("x", s); !errors.Is(err, ErrWaiting) || !strings.Contains(err.Error(), file) {
		t.Errorf("without the key: %v", err)
	}
	if _, err := again.Seal("x", "another"); !errors.Is(err, ErrWaiting) {
		t.Errorf("sealed without a key: %v", err)
	}
	if again.Refresh() {
		t.Error("a key appeared from nowhere")
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	opens(t, again, "x", s, "secret")
	if err := again.Err(); err != nil {
		t.Error(err)
	}
	opens(t, k, "x", s, "secret")
}

func TestADamagedFileIsNoKey(t *testing.T) {
	for _, text := range []string{"", "\n", "hunter2", strings.Repeat("ab", 31)} {
		k, dir := made(t)
		s := sealed(t, k, "x", "secret")
		if err := os.WriteFile(filepath.Join(dir, FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		again := Open(dir, nil)
		_, err := again.Open("x", s)
		if !errors.Is(err, ErrWaiting) || again.Missing() {
			t.Errorf("%q: %v", text, err)
		}
		if text != "" && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("what was in the file is told: %v", err)
		}
		if err := again.Make(); err != nil {
			t.Fatal(err)
		}
		aside, _ := filepath.Glob(filepath.Join(dir, FileName+".unreadable-*"))
		if len(aside) != 1 {
			t.Errorf("the file that could not be read is gone: %v", aside)
		}
	}
}

func TestANewKeySealsAndTheOldOneStillOpens(t *testing.T) {
	k, dir := made(t)
	old := sealed(t, k, "x", "secret")
	if !k.Current(old) || k.Current("secret") {
		t.Error("what the present key has sealed is not known")
	}
	if err := Open(dir, nil).Make(); err != nil { // another process
		t.Fatal(err)
	}
	if !k.Refresh() || k.Refresh() {
		t.Error("that there is another key is noticed once")
	}
	fresh := sealed(t, k, "x", "secret")
	if k.Current(old) || !k.Current(fresh) {
		t.Error("the new key does not seal")
	}
	opens(t, Open(dir, nil), "x", old, "secret")
	opens(t, Open(dir, nil), "x", fresh, "secret")
}

func TestKeysMoveToAnotherFolder(t *testing.T) {
	k, _ := made(t)
	s := sealed(t, k, "x", "secret")
	empty := t.TempDir()
	moved := Open(empty, nil)
	if err := moved.Import(k.Export()); err != nil {
		t.Fatal(err)
	}
	opens(t, Open(empty, nil), "x", s, "secret")

	other, dir := made(t)
	theirs := sealed(t, other, "x", "theirs")
	for range 2 {
		if err := other.Import(k.Export()); err != nil {
			t.Fatal(err)
		}
	}
	opens(t, Open(dir, nil), "x", s, "secret")
	opens(t, Open(dir, nil), "x", theirs, "theirs")
	if !Open(dir, nil).Current(sealed(t, other, "x", "y")) {
		t.Error("a key taken in seals in the place of the one there was")
	}
	if err := other.Import([]byte("no key\n")); err == nil {
		t.Error("took in what is no key")
	}
}

func TestTheSystemsCredentialGoesBeforeTheFile(t *testing.T) {
	k, dir := made(t)
	old := sealed(t, k, "x", "secret")
	lent := t.TempDir()
	file := filepath.Join(lent, CredentialName)
	environ := []string{"CREDENTIALS_DIRECTORY=" + lent}
	opens(t, Open(dir, environ), "x", old, "secret") // a directory with other credentials

	credential := ring{newKey()}
	if err := os.WriteFile(file, credential.text(), 0o400); err != nil {
		t.Fatal(err)
	}
	both := Open(dir, environ)
	s := sealed(t, both, "x", "secret")
	opens(t, both, "x", old, "secret")
	alone := Open(t.TempDir(), environ)
	opens(t, alone, "x", s, "secret")
	if err := alone.Err(); err != nil || alone.Missing() {
		t.Errorf("the credential is not enough: %v", err)
	}
	if _, err := Open(dir, nil).Open("x", s); !errors.Is(err, ErrWaiting) {
		t.Errorf("without the credential: %v", err)
	}
	if err := both.Make(); err == nil {
		t.Error("made a key that the credential goes before")
	}
}
