package client

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// A command is how a program is started.
type command struct {
	path      string
	arguments []string
	batch     bool // path is the command processor of Windows, and the arguments are quoted already
}

// newCommand returns how to start the program path, or why it can't be. No
// shell is in between, with one exception: Windows runs batch files by its
// command processor only, so they get no argument that would mean something to
// it.
func newCommand(system, path string, arguments []string, faults *Faults) command {
	direct := command{path: path, arguments: arguments}
	if slices.ContainsFunc(append([]string{path}, arguments...), func(s string) bool { return strings.ContainsRune(s, 0) }) {
		faults.add("arguments", "there is a NUL character in it or in the path", "leave it out")
		return direct
	}
	extension := strings.ToLower(filepath.Ext(path))
	switch {
	case extension == ".ps1":
		return command{
			path:      powershell(system),
			arguments: append([]string{"-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", path}, arguments...),
		}
	case system != "windows":
		return direct
	}
	switch extension {
	case ".exe", ".com":
		return direct
	case ".bat", ".cmd":
		return batch(path, arguments, faults)
	case ".sh":
		faults.add("path", "Windows has no shell for .sh files", "give the whole path of a shell's .exe as path and the script as the first of the arguments, or write it as .ps1")
	default:
		faults.add("path", fmt.Sprintf("Windows cannot start a file that ends in %q by itself", extension),
			`give the whole path of the interpreter as path, such as C:\Python\python.exe, and the script as the first of the arguments`)
	}
	return direct
}

// powershell returns the PowerShell that runs scripts: the one that is part of
// Windows, and elsewhere the one that is found.
func powershell(system string) string {
	if system == "windows" {
		return systemFolder() + `\WindowsPowerShell\v1.0\powershell.exe`
	}
	return "pwsh"
}

// batch returns how a batch file is started: in quotes within quotes, which the
// processor takes off ("/s"), without what it would run first ("/d") and
// without names between exclamation marks ("/v:off"). Within quotes only a
// quote and a percent sign mean anything to it.
func batch(path string, arguments []string, faults *Faults) command {
	line := strings.Builder{}
	for i, s := range append([]string{path}, arguments...) {
		if strings.ContainsAny(s, "\"%\r\n") {
			setting := "arguments"
			if i == 0 {
				setting = "path"
			}
			faults.add(setting, fmt.Sprintf("the command processor, which runs batch files, does not leave %q as it is", s),
				"leave out quotes, percent signs and line breaks, or set the value in the batch file")
		}
		if i > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(`"` + s + `"`)
	}
	return command{
		path:      systemFolder() + `\cmd.exe`,
		arguments: []string{"/d", "/e:on", "/v:off", "/s", "/c", `"` + line.String() + `"`},
		batch:     true,
	}
}
