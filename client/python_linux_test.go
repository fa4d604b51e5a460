package client_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"testing"
)

// python starts a program that needs a package of Debian's, and returns what it
// says. It ends with the test. A partner's machine may lack the package, and
// then there is nothing to show; the one that checks changes may not.
func python(t *testing.T, needs string, args ...string) (said *json.Decoder, ok bool) {
	t.Helper()
	const interpreter = "/usr/bin/python3" // Debian's, for which its packages are
	if err := exec.Command(interpreter, "-c", "import "+needs).Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%v: .ci/install brings %s", err, needs)
		}
		return nil, false
	}
	cmd := exec.Command(interpreter, args...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	check(t, err)
	stdout, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() {
		check(t, stdin.Close()) // which ends it
		io.Copy(io.Discard, stdout)
		check(t, cmd.Wait())
	})
	return json.NewDecoder(bufio.NewReader(stdout)), true
}
