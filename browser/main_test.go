// Package browser looks at the dashboard as people do: the real program, fed by
// real notifications, in a real Chromium. It has nothing but tests.
package browser

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var (
	screenshots = flag.String("screenshots", "", "write pictures of the pages into this `folder`")

	program string // the executable under test
	chrome  string // where Chromium is
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if path, err := exec.LookPath(name); err == nil {
				chrome = path
				break
			}
		}
		if chrome == "" {
			fmt.Fprintln(os.Stderr, "no Chromium is installed (.ci/install does that): nothing is tested here")
			if os.Getenv("CI") != "" {
				return 1
			}
			return 0
		}
		dir, err := os.MkdirTemp("", "ppm-browser")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "ppm")
		if out, err := exec.Command("go", "build", "-o", program, "processmanager").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build ppm: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}
