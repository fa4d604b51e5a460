package config

import (
	"slices"
	"strconv"
	"strings"
)

// A Source says where the value of a setting comes from.
type Source string

const (
	FromDefault     Source = "default"
	FromFile        Source = "file"
	FromEnvironment Source = "environment"
)

// An Origin is a source and the place in it. The zero Origin is no place at all.
type Origin struct {
	Source Source `json:"source"`
	Place  string `json:"place,omitempty"` // the file's path, or the environment's variable
	Line   int    `json:"line,omitempty"`  // in the file, from 1; 0 if it is not known
}

// String returns the place in words, or "" for a default.
func (o Origin) String() string {
	switch {
	case o.Source == FromEnvironment:
		return o.Place + " in the environment"
	case o.Source == FromFile && o.Line > 0:
		return o.Place + ", line " + strconv.Itoa(o.Line)
	}
	return o.Place
}

// A complaint is what is wrong with a value, and what to write instead or "".
type complaint struct{ problem, remedy string }

// A Fault is one thing that is wrong with the settings. It never holds the
// value of a Secret.
type Fault struct {
	Key     string `json:"key"`     // "" where the fault is in no setting
	Problem string `json:"problem"` // what is wrong
	Remedy  string `json:"remedy"`  // what to write instead, or ""
	Origin
}

func newFault(key string, c complaint, o Origin) Fault {
	return Fault{Key: key, Problem: c.problem, Remedy: c.remedy, Origin: o}
}

// Error returns the fault as one line, such as
//
//	receiver.pasword: no such setting; did you mean receiver.password? (/srv/ppm/config.toml, line 9)
func (f Fault) Error() string {
	s, place := f.Problem, f.Origin.String()
	if f.Remedy != "" {
		s += "; " + f.Remedy
	}
	switch {
	case f.Key == "" && place != "":
		return place + ": " + s
	case f.Key == "":
		return s
	case place == "":
		return f.Key + ": " + s
	}
	return f.Key + ": " + s + " (" + place + ")"
}

// Faults is everything that is wrong with the settings: what the file says
// line by line, then the environment, then what is wrong with the values.
type Faults []Fault

// Error returns the faults, one a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// about reports whether one of the faults is of that key.
func (fs Faults) about(key string) bool {
	return slices.ContainsFunc(fs, func(f Fault) bool { return f.Key == key })
}

// add adds a fault.
func (fs *Faults) add(key string, c complaint, o Origin) {
	*fs = append(*fs, newFault(key, c, o))
}
