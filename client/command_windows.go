package client

import (
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
)

// attributes returns what is to be said to the system about c. The quotes of a
// batch file's line must stay as they are.
func (c command) attributes() *syscall.SysProcAttr {
	if !c.batch {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{CmdLine: `cmd.exe ` + strings.Join(c.arguments, " ")}
}

// systemFolder returns where Windows keeps its own programs. It asks the
// system, for a variable could say anything.
func systemFolder() string {
	folder, err := windows.GetSystemDirectory()
	if err != nil {
		return `C:\Windows\System32`
	}
	return folder
}
