package client_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// The test binary is also the programs that the tests deliver to: with this
// word before it, the name of one of them is an argument.
const beProgram = "be-program"

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == beProgram {
		play, ok := programs[os.Args[2]]
		if !ok {
			fmt.Fprintln(os.Stderr, "there is no program", os.Args[2])
			os.Exit(2)
		}
		play(os.Args[3:])
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
