package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"processmanager/client"
	"processmanager/ppm"
)

// programs are what the test binary can be when it is delivered to.
var programs = map[string]func(args []string){
	"record": func(args []string) { // what it is given goes into a file
		in, err := io.ReadAll(os.Stdin)
		if err != nil {
			os.Exit(1)
		}
		text := strings.Join(os.Environ(), "\n") + "\n---\n" + string(in)
		if os.WriteFile(args[0], []byte(text), 0o600) != nil {
			os.Exit(1)
		}
	},
	"tell": func([]string) { // its environment and its input, as [told] reads them
		fmt.Print(strings.Join(os.Environ(), "\x00") + "\x00")
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			os.Exit(1)
		}
	},
	"arguments": func(args []string) { // in JSON
		if json.NewEncoder(os.Stdout).Encode(args) != nil {
			os.Exit(1)
		}
	},
	"deliver": func(args []string) { // to a folder
		way, err := client.Open(ppm.Client{Name: "crm", Kind: ppm.Folder, Settings: fmt.Appendf(nil, `{"path":%q}`, args[0])}, client.Options{})
		if err == nil {
			_, err = way.Deliver(context.Background(), parcel("A1"))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("delivered")
	},
	"exit": func(args []string) {
		fmt.Fprintln(os.Stderr, "the last word")
		status, _ := strconv.Atoi(args[0])
		os.Exit(status)
	},
	"flood": func([]string) { // and never reads
		for i := range 5000 {
			fmt.Printf("%04d %s\n", i, strings.Repeat("x", 1000))
		}
	},
	"where": func([]string) {
		folder, err := os.Getwd()
		if err != nil {
			os.Exit(1)
		}
		fmt.Print(folder)
	},
	"stubborn": func(args []string) { // with a child that holds the pipes, neither of which goes when asked
		signal.Ignore(syscall.SIGTERM)
		if len(args) == 1 {
			child := exec.Command(os.Args[0], beProgram, "stubborn", args[0], "child")
			child.Stdout, child.Stderr = os.Stdout, os.Stderr
			if child.Start() != nil {
				os.Exit(1)
			}
			os.WriteFile(args[0], []byte(strconv.Itoa(child.Process.Pid)), 0o600)
		}
		time.Sleep(time.Hour) // an empty select would be called a deadlock
	},
}

func program(t *testing.T, settings map[string]any, args ...string) client.Way {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	all := map[string]any{"path": self, "arguments": append([]string{beProgram}, args...)}
	for k, v := range settings {
		all[k] = v
	}
	return open(t, ppm.Program, all, nil)
}

func TestAProgramIsGivenTheDeliveryAndNothingOfOurs(t *testing.T) {
	t.Setenv("PPM_CLEARMATCH_CLIENT_SECRET", "canary")
	file := filepath.Join(tempDir(t), "given")
	way := program(t, map[string]any{"environment": map[string]string{"CRM": "test"}}, "record", file)
	p := parcel("A056035; rm -rf $(x) `y` %PATH%")
	if _, err := way.Deliver(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	given, err := os.ReadFile(file)
	check(t, err)
	environment, body, _ := strings.Cut(string(given), "\n---\n")
	for _, want := range []string{"PPM_DELIVERY_ID=" + p.Key, "PPM_APPLICATION=" + p.Application, "CRM=test"} {
		if !strings.Contains("\n"+environment+"\n", "\n"+want+"\n") {
			t.Errorf("its environment lacks %s:\n%s", want, environment)
		}
	}
	if strings.Contains(environment, "canary") {
		t.Error("it was given a secret of ours")
	}
	if !strings.Contains(body, "12345678901234567890.10") || !strings.Contains(body, p.Key) {
		t.Errorf("it was given %s", body)
	}
}

// told reads what a program was given: its environment, each variable with a NUL
// behind it, and its input.
func told(excerpt []byte) (environment []string, input string) {
	all := strings.Split(string(excerpt), "\x00")
	return all[:len(all)-1], all[len(all)-1]
}

// P18: payloads stay data.
func TestPayloadsStayDataInPrograms(t *testing.T) {
	const template = `[{{range $i, $v := .application}}{{if $i}},{{end}}{{$v}}{{end}}]`
	way := program(t, map[string]any{"template": template}, "tell")
	if runtime.GOOS != "windows" { // the test binary takes long to start with the race detector in it
		way = open(t, ppm.Program, map[string]any{"path": "/bin/sh", "arguments": []string{"-c", "env -0 && cat"}, "template": template}, nil)
	}
	names := []string{"PPM_APPLICATION", "PPM_TYPE", "PPM_EVENT", "PPM_PARTNER", "PPM_EVENT_TIME"}
	for some := range slices.Chunk(hostile, len(names)) {
		for len(some) < len(names) {
			some = append(some, "") // the last ones
		}
		p := parcelOf(1042, ppm.Notification{Application: some[0], Type: some[1], Event: some[2], Partner: some[3], EventTime: some[4]})
		data, err := json.Marshal(some)
		check(t, err)
		p.Data = data
		r, err := way.Deliver(t.Context(), p)
		if err != nil {
			t.Errorf("%q: %v", some, err)
			continue
		}
		environment, given := told(r.Excerpt)
		for i, name := range names {
			found := slices.Index(environment, name+"="+strings.ReplaceAll(some[i], "\x00", "\uFFFD"))
			if same := func(v string) bool { return strings.HasPrefix(v, name+"=") }; found < 0 || slices.IndexFunc(environment, same) != found {
				t.Errorf("%q: the environment is %q", some[i], environment)
			}
		}
		var input []string
		if err := json.Unmarshal([]byte(given), &input); err != nil || !slices.Equal(input, some) {
			t.Errorf("%q: the input is %q (%v)", some, given, err)
		}
	}
}

func TestTheExitStatusSaysWhatBecomesOfIt(t *testing.T) {
	for status, want := range map[int]string{0: "", 75: "again", 1: "final", 3: "final"} {
		r, err := program(t, nil, "exit", strconv.Itoa(status)).Deliver(t.Context(), parcel("A1"))
		got := ""
		if err != nil {
			if got = "again"; isFinal(err) {
				got = "final"
			}
		}
		if got != want || r.Status != status {
			t.Errorf("exit status %d: %q (status %d, %v), want %q", status, got, r.Status, err, want)
		}
		if !strings.Contains(string(r.Excerpt), "the last word") {
			t.Errorf("what it said is lost: %q", r.Excerpt)
		}
	}
}

func TestWhatAProgramSaysIsKeptWithinBounds(t *testing.T) {
	p := parcel("A1")
	p.Data = []byte(`"` + strings.Repeat("y", 1<<20) + `"`) // more than a pipe holds
	r, err := program(t, nil, "flood").Deliver(t.Context(), p)
	said := string(r.Excerpt)
	if err != nil || len(said) < 60<<10 || len(said) > 64<<10 {
		t.Errorf("%d bytes kept, %v", len(said), err)
	}
	if !strings.HasPrefix(said, "0000 xxx") || !strings.Contains(said, " bytes left out ") || !strings.HasSuffix(said, "\n4999 "+strings.Repeat("x", 1000)+"\n") {
		t.Errorf("what is kept begins with %.20q and ends with %.20q", said, said[max(0, len(said)-1010):])
	}
}

func TestAProgramRunsInItsFolder(t *testing.T) {
	self, err := os.Executable()
	check(t, err)
	dir, err := filepath.EvalSymlinks(tempDir(t))
	check(t, err)
	for folder, want := range map[string]string{"": filepath.Dir(self), dir: dir} {
		settings := map[string]any{}
		if folder != "" {
			settings["folder"] = folder
		}
		r, err := program(t, settings, "where").Deliver(t.Context(), parcel("A1"))
		if err != nil || !strings.EqualFold(string(r.Excerpt), want) {
			t.Errorf("it ran in %q (%v), want %q", r.Excerpt, err, want)
		}
	}
	gone := filepath.Join(dir, "gone")
	if _, err := program(t, map[string]any{"folder": gone}, "where").Deliver(t.Context(), parcel("A1")); err == nil || isFinal(err) || !strings.Contains(err.Error(), "there is no folder "+gone) {
		t.Errorf("%v", err)
	}
}

func TestAWholeTreeIsEndedAtTheTimeLimit(t *testing.T) {
	file := filepath.Join(tempDir(t), "child")
	began := time.Now()
	_, err := program(t, map[string]any{"timeout": "1s"}, "stubborn", file).Deliver(t.Context(), parcel("A1"))
	if err == nil || isFinal(err) || time.Since(began) > 30*time.Second {
		t.Fatalf("after %v: %v", time.Since(began), err)
	}
	isEnded(t, file)
}

// isEnded sees to it that the process ends whose number is in a file.
func isEnded(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	check(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	check(t, err)
	for deadline := time.Now().Add(10 * time.Second); alive(child); {
		if time.Now().After(deadline) {
			t.Fatal("its child lives on")
		}
		time.Sleep(10 * time.Millisecond) // polled, with a deadline
	}
}

func TestAProgramThatIsNotThereIsTriedAgain(t *testing.T) {
	way := open(t, ppm.Program, map[string]any{"path": filepath.Join(tempDir(t), "gone.exe")}, nil)
	if _, err := way.Deliver(t.Context(), parcel("A1")); err == nil || isFinal(err) || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := program(t, nil, "exit", "0").Deliver(ctx, parcel("A1")); err == nil || errors.Is(err, ppm.ErrInterrupted) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

func TestAPowerShellScriptWaitsForPowerShell(t *testing.T) {
	t.Setenv("PATH", tempDir(t))
	script := filepath.Join(tempDir(t), "new.ps1")
	check(t, os.WriteFile(script, []byte("exit 0\n"), 0o600))
	_, err := open(t, ppm.Program, map[string]any{"path": script}, nil).Deliver(t.Context(), parcel("A1"))
	if runtime.GOOS == "windows" && err == nil {
		return // it has one, in a place of its own
	}
	if err == nil || isFinal(err) || !strings.Contains(err.Error(), "PowerShell is not installed") {
		t.Errorf("%v", err)
	}
}
