package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"processmanager/db/sqlite"
)

// release is the version of a release build, set with
// -ldflags "-X main.release=1.2.3".
var release string

// version returns the release, or else what Go noted about the build.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "development-" + s.Value[:12]
		}
	}
	return "development"
}

type versionCmd struct {
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (versionCmd) Help() string {
	return `Tells the version of ppm, of Go and of SQLite in it, and the system it is made for.

Examples:

    ppm version
    ppm version --json`
}

// Run runs ppm version.
func (c *versionCmd) Run(p *program) error {
	v := struct {
		Version string `json:"version"`
		Go      string `json:"go"`
		SQLite  string `json:"sqlite"`
		System  string `json:"system"`
	}{version(), runtime.Version(), sqlite.EngineVersion, runtime.GOOS + "/" + runtime.GOARCH}
	if c.JSON {
		return p.printJSON(v)
	}
	_, err := fmt.Fprintf(p.stdout, "ppm %s (%s, SQLite %s, %s)\n", v.Version, v.Go, v.SQLite, v.System)
	return err
}
