package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// errOther: what has the name already is not what was to be written.
var errOther = errors.New("there is a file of that name with other content already, and ppm writes over nothing: move it away, then retry")

// putting has the path of each file that is being written. An attempt that was
// given up on may still hang in the system when the next one comes, and the two
// must not write into one file.
var putting sync.Map

// putOnce puts a file into a folder: complete and on disk, or not at all. It
// writes over nothing. A file of that name with the same content is left by an
// attempt that could not be recorded, and as good; with other content it is
// errOther. Once ctx has ended, the file does not get its name any more.
func putOnce(ctx context.Context, folder, name string, content []byte) error {
	path := filepath.Join(folder, name)
	if _, busy := putting.LoadOrStore(path, true); busy {
		return errors.New("an earlier attempt still hangs")
	}
	defer putting.Delete(path)
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()

	// Programs that wait for *.csv or *.json do not see it before it is complete.
	temp := "." + name + ".part"
	if err := root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove what an earlier attempt has left: %w", err)
	}
	err = compare(root, name, content)
	if errors.Is(err, fs.ErrNotExist) {
		err = write(ctx, root, temp, name, content)
	}
	if err != nil {
		return err
	}
	return syncNames(root)
}

// compare returns nil if the file has that content, errOther if it has not.
func compare(root *os.Root, name string, content []byte) error {
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != int64(len(content)) {
		return errOther
	}
	there, err := root.ReadFile(name)
	if err != nil {
		return fmt.Errorf("compare with the file of that name: %w", err)
	}
	if !bytes.Equal(there, content) {
		return errOther
	}
	return nil
}

// write makes the file under the name temp, and gives it its own when it is on disk.
func write(ctx context.Context, root *os.Root, temp, name string, content []byte) error {
	// Not for everybody to read: it holds personal data.
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	defer root.Remove(temp) // what this cannot do, the next attempt does
	_, err = io.Copy(f, bytes.NewReader(content))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err = rename(root, temp, name)
	if errors.Is(err, fs.ErrExist) {
		return compare(root, name, content) // somebody was quicker
	}
	return err
}

// link is the rename of systems without one that writes over nothing.
func link(root *os.Root, from, to string) error {
	err := root.Link(from, to)
	switch {
	case err == nil:
		return root.Remove(from)
	case errors.Is(err, fs.ErrExist):
		return err
	}
	// Not every file system has links. What others put there meanwhile is lost,
	// if they think of the same name in the same moment.
	if _, err := root.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fs.ErrExist)
	}
	return root.Rename(from, to)
}
