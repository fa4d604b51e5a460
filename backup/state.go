package backup

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"processmanager/ppm"
)

// stateName is the file in the data folder that tells how the backups are doing,
// also where nothing runs.
const stateName = "backup.json"

// State returns how the backups of the data folder dir are doing, without when
// the next one is due.
func State(dir string) (b ppm.Backups, err error) {
	text, err := os.ReadFile(filepath.Join(dir, stateName))
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	return b, err
}

// proven returns the change that a backup makes.
func proven(made ppm.Backup) func(*ppm.Backups) {
	return func(b *ppm.Backups) { b.Last, b.Failed = &made, nil }
}

func failed(at time.Time, err error) func(*ppm.Backups) {
	return func(b *ppm.Backups) {
		at = at.UTC().Truncate(time.Second)
		f := &ppm.BackupFailure{Since: at, At: at, Error: err.Error()}
		if b.Failed != nil {
			f.Since = b.Failed.Since
		}
		b.Failed = f
	}
}

// note changes the state. One that cannot be read is begun anew.
func (m *Maker) note(change func(*ppm.Backups)) error {
	m.state.Lock()
	defer m.state.Unlock()
	b, _ := State(m.Dir)
	change(&b)
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(m.Dir, stateName)
	f, err := os.CreateTemp(m.Dir, "."+stateName+".*") // made with 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
