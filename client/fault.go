package client

import "strings"

// A Fault is one thing that is wrong with what a client is told.
type Fault struct {
	Setting string // its name, or "kind"
	Problem string // what is wrong with it; never a secret
	Remedy  string // what to write instead
}

func (f Fault) Error() string { return f.Setting + ": " + f.Problem + "; " + f.Remedy }

// Faults is everything that is wrong, each on a line of its own.
type Faults []Fault

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

func (fs *Faults) add(setting, problem, remedy string) {
	*fs = append(*fs, Fault{setting, problem, remedy})
}
