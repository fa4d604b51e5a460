package client_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"processmanager/client"
	"processmanager/ppm"
)

// batchFile is a way to a batch file of that name and text, which finds the test
// binary in the variable SELF.
func batchFile(t *testing.T, name, text string, args ...string) client.Way {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	file := filepath.Join(tempDir(t), name)
	check(t, os.WriteFile(file, []byte(strings.ReplaceAll(text, "\n", "\r\n")), 0o700))
	return open(t, ppm.Program, map[string]any{"path": file, "arguments": args, "environment": map[string]string{"SELF": self}}, nil)
}

func TestABatchFileIsGivenItsArgumentsAndTheDelivery(t *testing.T) {
	for _, name := range []string{"plain.bat", "a b.cmd", "a&b(c)^d;e,f='g.BAT"} {
		args := []string{"", "a b", "a&b", "a|b", "a>b<c", "^a^", "(a)", "!SELF!", "a;b,c=d", "'a'", "@echo", "-x /y", `C:\x y\z`}
		r, err := batchFile(t, name, "@\"%SELF%\" be-program arguments %*\n", args...).Deliver(t.Context(), parcel("A1"))
		if err != nil {
			t.Errorf("%s: %v, %s", name, err, r.Excerpt)
			continue
		}
		var got []string
		if err := json.Unmarshal(r.Excerpt, &got); err != nil || !slices.Equal(got, args) {
			t.Errorf("%s: it was given %s (%v), want %q", name, r.Excerpt, err, args)
		}
		p := parcel(`A1" & echo hacked>hacked.txt & rem %SELF%`)
		r, err = batchFile(t, name, "@\"%SELF%\" be-program tell\n").Deliver(t.Context(), p)
		if err != nil {
			t.Errorf("%s: %v, %s", name, err, r.Excerpt)
			continue
		}
		environment, input := told(r.Excerpt)
		var ours []string
		for _, variable := range environment {
			if strings.HasPrefix(strings.ToUpper(variable), "PPM_") {
				ours = append(ours, variable)
			}
		}
		slices.Sort(ours)
		if want := []string{"PPM_ATTEMPT=1", "PPM_DELIVERY_ID=" + p.Key, "PPM_RECEIPT=" + string(p.Receipt)}; !slices.Equal(ours, want) {
			t.Errorf("%s: its environment has %q, want %q alone", name, ours, want)
		}
		if !strings.Contains(input, p.Key) {
			t.Errorf("%s: its input is %q", name, input)
		}
	}
}

func TestTheExitStatusOfABatchFileSaysWhatBecomesOfIt(t *testing.T) {
	for text, want := range map[string]string{"@exit 0\n": "", "@exit 75\n": "again", "@exit /b 3\n": "final", "@\"%SELF%\" be-program exit 75\n": "again"} {
		r, err := batchFile(t, "exit.cmd", text).Deliver(t.Context(), parcel("A1"))
		got := ""
		if err != nil {
			if got = "again"; isFinal(err) {
				got = "final"
			}
		}
		if got != want {
			t.Errorf("%q: %q (%v, status %d), want %q", text, got, err, r.Status, want)
		}
	}
}

// What a batch file starts is in the tree as well.
func TestABatchFileIsEndedWithAllThatItHasStarted(t *testing.T) {
	file := filepath.Join(tempDir(t), "child")
	self, err := os.Executable()
	check(t, err)
	batch := filepath.Join(tempDir(t), "wait.bat")
	check(t, os.WriteFile(batch, []byte("@\"%SELF%\" be-program stubborn %1\r\n"), 0o700))
	settings := map[string]any{"path": batch, "arguments": []string{file}, "environment": map[string]string{"SELF": self}, "timeout": "3s"}
	if _, err := open(t, ppm.Program, settings, nil).Deliver(t.Context(), parcel("A1")); err == nil || isFinal(err) {
		t.Fatalf("%v", err)
	}
	isEnded(t, file)
}

func TestWhatWindowsCannotStartIsRefusedWithAReason(t *testing.T) {
	for _, tt := range []struct {
		path string
		args []string
		says string
	}{
		{`C:\ppm\new.sh`, nil, "Windows has no shell for .sh files"},
		{`C:\ppm\new.py`, nil, "give the whole path of the interpreter"},
		{`C:\ppm\new`, nil, "give the whole path of the interpreter"},
		{`C:\ppm\%x%.bat`, nil, "leave out quotes, percent signs and line breaks"},
		{`C:\ppm\new.bat`, []string{"%PATH%"}, "leave out quotes, percent signs and line breaks"},
		{`C:\ppm\new.cmd`, []string{`a"b`}, "leave out quotes, percent signs and line breaks"},
		{`C:\ppm\new.CMD`, []string{"a\nb"}, "leave out quotes, percent signs and line breaks"},
		{`new.exe`, nil, "is not a whole path"},
		{`\ppm\new.exe`, nil, "is not a whole path"},
	} {
		_, err := tryOpen(t, ppm.Program, map[string]any{"path": tt.path, "arguments": tt.args}, nil)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s %q: %v, which should say %q", tt.path, tt.args, err, tt.says)
		}
	}
}

// Wine has no PowerShell that runs anything; TestAPowerShellScriptWaitsForPowerShell
// shows what is then said.
func TestAPowerShellScriptIsGivenTheDelivery(t *testing.T) {
	if _, err := os.Stat(os.Getenv("SystemRoot") + `\System32\WindowsPowerShell\v1.0\powershell.exe`); err != nil {
		return
	}
	dir := tempDir(t)
	script, file := filepath.Join(dir, "new script.ps1"), filepath.Join(dir, "given")
	check(t, os.WriteFile(script, []byte("Set-Content -Path $args[0] -Value \"$env:PPM_DELIVERY_ID\"\r\nexit 75\r\n"), 0o600))
	p := parcel("A1")
	_, err := open(t, ppm.Program, map[string]any{"path": script, "arguments": []string{file}}, nil).Deliver(t.Context(), p)
	if err == nil || isFinal(err) {
		t.Errorf("%v, want another attempt", err)
	}
	given, err := os.ReadFile(file)
	if err != nil || strings.TrimSpace(string(given)) != p.Key {
		t.Errorf("it was given %q, %v", given, err)
	}
}

func TestAFileThatIsNoProgramIsTriedAgain(t *testing.T) {
	file := filepath.Join(tempDir(t), "text.exe")
	check(t, os.WriteFile(file, []byte("this is text\n"), 0o700))
	if _, err := open(t, ppm.Program, map[string]any{"path": file}, nil).Deliver(t.Context(), parcel("A1")); err == nil || isFinal(err) {
		t.Errorf("%v", err)
	}
}
