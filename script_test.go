package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ppm": main})
}

// TestScripts runs the commands as a person would. Besides testscript's own
// verbs there are
//
//	serve [ARGS]       starts ppm serve and waits for its ready line; sets $RECEIVER
//	                   and $DASHBOARD and, at a first start, $PPM_SEND_PASSWORD
//	stopserve          interrupts it and checks that it ends well
//	killserve          ends it as a power cut would
//	stoptwice          interrupts it while it waits for a slow sender, and again
//	waitfor N M        waits until N notifications are queued and M deliveries waiting
//	waitdown           waits until somebody is told to be down
//	waitsecrets        waits until nothing waits for secrets any more
//	replace FILE REGEXP TEXT   replaces what matches in a file
//	status N ppm …     checks the exit status of a command
//	lines N FILE       checks how many lines a file, stdout or stderr has
//	write FILE TEXT    writes a file of one line
//	certificate NAME FILE      writes a certificate for a host name and its key
//	setenv NAME FILE REGEXP    sets $NAME to what the regular expression's group matches
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, "PPM_DATA="+env.WorkDir+"/data", "PPM_RECEIVER_LISTEN=127.0.0.1:0", "PPM_DASHBOARD_LISTEN=127.0.0.1:0")
			service := &child{}
			env.Values[serviceKey{}] = service
			env.Defer(service.kill)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serveVerb, "stopserve": stopVerb, "killserve": killVerb, "stoptwice": stopTwiceVerb, "status": statusVerb, "waitfor": waitVerb, "waitdown": waitDownVerb, "waitsecrets": waitSecretsVerb, "replace": replaceVerb, "lines": linesVerb, "setenv": setenvVerb, "write": writeVerb, "certificate": certificateVerb,
		},
	})
}

type serviceKey struct{}

// child is the service that a script has started, if it has.
type child struct {
	cmd    *exec.Cmd
	stdout chan string // what it printed after the ready line, once it has ended
	stderr string      // the file for it: what is in there was there before the ready line
}

func (s *child) kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		<-s.stdout
		s.cmd.Wait()
		s.cmd = nil
	}
}

func started(ts *testscript.TestScript) *child { return ts.Value(serviceKey{}).(*child) }

var (
	readyLine = regexp.MustCompile(`^ready receiver=(http\S+) dashboard=(http\S+)$`)
	password  = regexp.MustCompile(`(?m)^ +password +(\S+)$`)
)

func serveVerb(ts *testscript.TestScript, neg bool, args []string) {
	s := started(ts)
	if s.cmd != nil || neg {
		ts.Fatalf("usage: serve [ARGS], once")
	}
	*s = child{stdout: make(chan string, 1)}
	s.cmd = exec.Command("ppm", append([]string{"serve"}, args...)...)
	s.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SystemRoot", "PPM_DATA", "PPM_RECEIVER_LISTEN", "PPM_DASHBOARD_LISTEN", "PPM_RECEIVER_TLS_MODE"} {
		if v := ts.Getenv(name); v != "" {
			s.cmd.Env = append(s.cmd.Env, name+"="+v)
		}
	}
	s.stderr = ts.MkAbs("serve.stderr")
	stderr, err := os.Create(s.stderr)
	ts.Check(err)
	defer stderr.Close()
	s.cmd.Stderr = stderr
	pipe, err := s.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	first := make(chan string, 1)
	go func() {
		r := bufio.NewReader(pipe)
		line, _ := r.ReadString('\n')
		first <- strings.TrimSpace(line)
		rest, _ := io.ReadAll(r)
		s.stdout <- string(rest)
	}()
	var line string
	select {
	case line = <-first:
	case <-time.After(30 * time.Second):
		ts.Fatalf("ppm serve was not ready within 30 s")
	}
	m := readyLine.FindStringSubmatch(line)
	if m == nil {
		s.kill()
		ts.Fatalf("ppm serve printed %q instead of the ready line; stderr: %s", line, ts.ReadFile(s.stderr))
	}
	ts.Setenv("RECEIVER", m[1])
	ts.Setenv("DASHBOARD", m[2])
	if m := password.FindStringSubmatch(ts.ReadFile(s.stderr)); m != nil {
		ts.Setenv("PPM_SEND_PASSWORD", m[1])
	}
}

func stopVerb(ts *testscript.TestScript, _ bool, _ []string) {
	s := started(ts)
	if runtime.GOOS == "windows" { // where one process cannot interrupt another
		s.kill()
		return
	}
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	rest := <-s.stdout
	err := s.cmd.Wait()
	s.cmd = nil
	if err != nil || rest != "" {
		ts.Fatalf("ppm serve ended with %v after printing %q; stderr: %s", err, rest, ts.ReadFile(s.stderr))
	}
}

func killVerb(ts *testscript.TestScript, _ bool, _ []string) { started(ts).kill() }

func statusVerb(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status of %v = %d, want %s", args[1:], got, args[0])
	}
}

func waitVerb(ts *testscript.TestScript, _ bool, args []string) {
	waitForStatus(ts, `"queued":`+args[0]+`,.*"waiting":`+args[1]+`,`, true)
}

func waitDownVerb(ts *testscript.TestScript, _ bool, _ []string) {
	waitForStatus(ts, `"down":\[`, true)
}

func waitSecretsVerb(ts *testscript.TestScript, _ bool, _ []string) {
	waitForStatus(ts, `"secrets":`, false)
}

// waitForStatus polls ppm status until what it prints matches, or doesn't any more.
func waitForStatus(ts *testscript.TestScript, pattern string, match bool) {
	want := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out, err := exec.Command("ppm", "status", "--json", "--data", ts.Getenv("PPM_DATA")).Output()
		ts.Check(err)
		if want.Match(out) == match {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("still %s", out)
		}
	}
}

func linesVerb(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[1])
	if got := strings.Count(text, "\n"); strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s has %d lines, want %s:\n%s", args[1], got, args[0], text)
	}
}

func setenvVerb(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if len(m) != 2 {
		ts.Fatalf("%s doesn't match %s", args[1], args[2])
	}
	ts.Setenv(args[0], m[1])
}

func writeVerb(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(args[1]+"\n"), 0o600))
}

func certificateVerb(ts *testscript.TestScript, _ bool, args []string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: args[:1], ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}

func replaceVerb(ts *testscript.TestScript, _ bool, args []string) {
	before := ts.ReadFile(args[0])
	after := regexp.MustCompile(args[1]).ReplaceAllLiteralString(before, args[2])
	if after == before {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(after), 0o600))
}

func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}
