package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
)

// setting lets one Set at a time read, change and replace a file. Two
// processes can still overtake each other; then the later one's file stands.
var setting sync.Mutex

// Set gives a setting a value in the file of the data folder dir, and leaves
// every other line as it was. value is written as a person does, without quotes.
//
// It refuses, with [Faults], an unknown key, a value that is not acceptable,
// and one that would put another setting in the wrong; faults that the file has
// already do not stand in its way, unless it cannot be read at all. Refusing leaves
// the file untouched; when Set returns nil the new one is on disk.
func Set(dir, key, value string) error {
	setting.Lock()
	defer setting.Unlock()

	// A link stays a link: what it points to is replaced.
	path, err := filepath.EvalSymlinks(Path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		path, err = Path(dir), nil
	}
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	before, err := readPlain(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		before = []byte(defaultFile)
	case err != nil:
		return fmt.Errorf("read settings: %w", err)
	}
	after, err := change(path, string(before), key, value)
	if err != nil {
		return err
	}
	return replaceFile(path, []byte(after))
}

// change returns text with key set to value.
func change(path, text, key, value string) (string, error) {
	c, had := read(path, text, nil)
	if had.about("") {
		return "", had
	}
	f, ok := c.field(key)
	if !ok {
		return "", unknown(key)
	}
	v, wrong := f.parse(value)
	if wrong != nil {
		return "", Faults{newFault(key, *wrong, Origin{})}
	}
	changed, err := edit(text, key, literal(v))
	if err != nil {
		return "", fmt.Errorf("%s: not set, because %s %w", key, path, err)
	}
	_, has := read(path, changed, nil)
	has = slices.DeleteFunc(has, func(f Fault) bool {
		return f.Key != key && slices.ContainsFunc(had, func(old Fault) bool {
			return f.Key == old.Key && f.Problem == old.Problem
		})
	})
	if len(has) > 0 {
		for i := range has {
			if has[i].Key == key {
				has[i].Origin = Origin{} // it is not in the file, and will not be
			}
		}
		return "", has
	}
	return changed, nil
}

// Replace returns the text of a settings file with the text that the setting
// key has there replaced by what f returns for it. Where the setting is not
// there, or empty, nothing changes.
func Replace(text []byte, key string, f func(string) string) ([]byte, error) {
	tree, err := decode(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s in %s cannot be changed: that is no file of settings", key, FileName)
	}
	old, ok := flatten(tree)[key].(string)
	if !ok || old == "" {
		return text, nil
	}
	changed, err := edit(string(text), key, literal(f(old)))
	if err != nil {
		return nil, fmt.Errorf("%s: not changed, because %s %w", key, FileName, err)
	}
	return []byte(changed), nil
}
