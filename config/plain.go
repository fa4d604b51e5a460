package config

import (
	"fmt"
	"io"
	"os"
)

// maxFile is many times as much as anybody has to say here.
const maxFile = 1 << 20

// readPlain returns what is in the file path. Whatever else may lie there by
// that name, such as a pipe or a disk image, is refused and not waited for.
func readPlain(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a plain file; move it away", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is larger than 1 MiB and so no file of settings; move it away", path)
	}
	return text, nil
}
