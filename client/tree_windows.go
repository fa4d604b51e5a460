package client

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A tree is a process with all that it starts: a job object. It ends with its
// last handle, which is ours, and so also when ppm is killed.
type tree struct {
	job windows.Handle
}

// newTree makes cmd, which has attributes and has not been started, the first
// of a tree. It starts asleep, so that it starts nobody before it is in the job.
func newTree(cmd *exec.Cmd) (*tree, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("make a job object: %w", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil {
		windows.CloseHandle(job)
		return nil, fmt.Errorf("set the limits of a job object: %w", err)
	}
	cmd.SysProcAttr.HideWindow = true
	cmd.SysProcAttr.CreationFlags |= windows.CREATE_SUSPENDED | windows.CREATE_NO_WINDOW
	return &tree{job: job}, nil
}

// started is told when there is the first process; it puts that into the job
// and wakes it.
func (t *tree) started(p *os.Process) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid))
	if err != nil {
		return fmt.Errorf("open the new process: %w", err)
	}
	defer windows.CloseHandle(process)
	if err := windows.AssignProcessToJobObject(t.job, process); err != nil {
		return fmt.Errorf("put the new process into a job object: %w", err)
	}
	return wake(uint32(p.Pid))
}

// wake lets the threads of a process that was started asleep run: there is one.
func wake(pid uint32) error {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return fmt.Errorf("list threads: %w", err)
	}
	defer windows.CloseHandle(snapshot)
	entry := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	woken := false
	for err = windows.Thread32First(snapshot, &entry); err == nil; err = windows.Thread32Next(snapshot, &entry) {
		if entry.OwnerProcessID != pid {
			continue
		}
		if err := resume(entry.ThreadID); err != nil {
			return fmt.Errorf("let the new process run: %w", err)
		}
		woken = true
	}
	switch {
	case !errors.Is(err, windows.ERROR_NO_MORE_FILES):
		return fmt.Errorf("list threads: %w", err)
	case !woken:
		return errors.New("let the new process run: it has no thread")
	}
	return nil
}

func resume(thread uint32) error {
	h, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, thread)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	_, err = windows.ResumeThread(h)
	return err
}

// end ends all of the tree. Windows has no way to ask a program without a
// window.
func (t *tree) end() error { return windows.TerminateJobObject(t.job, 1) }

// kill ends what is left of the tree, and the job.
func (t *tree) kill() { windows.CloseHandle(t.job) }

// crashed reports whether a program that ended with that state did not end by
// itself, and how. Windows gives those a status with the highest two bits set,
// such as 0xC0000005 for access to memory that is not there.
func crashed(s *os.ProcessState) (how string, yes bool) {
	status := uint32(s.ExitCode())
	if status < 0xC0000000 {
		return "", false
	}
	return fmt.Sprintf("it broke down with status %#X", status), true
}
