package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"processmanager/backup"
	"processmanager/config"
	"processmanager/secret"
)

// A mover brings back what a backup carried beside the database.
type mover struct {
	dir  string // the data folder
	from string // the folder with the files, by their names in the backup
	keys *secret.Keys

	restored, kept, unreadable []string // names in the backup
	todo                       []string // what a person has still to do
}

// move brings the files back. What is in the data folder already stays, and
// with its settings the certificate that they name.
func (m *mover) move(names []string) error {
	if slices.Contains(names, config.FileName) {
		if err := m.put(config.FileName, config.FileName); err != nil {
			return err
		}
	}
	for _, name := range names {
		if strings.HasPrefix(name, certsDir+"/") {
			if err := m.put(name, name); err != nil {
				return err
			}
		}
	}
	if !slices.Contains(m.restored, config.FileName) {
		return nil
	}
	return m.adjust(names)
}

// put brings the file of that name back to the place to in the data folder.
func (m *mover) put(name, to string) error {
	file := filepath.Join(m.dir, filepath.FromSlash(to))
	if _, err := os.Lstat(file); err == nil {
		m.kept = append(m.kept, to)
		return nil
	}
	text, err := os.ReadFile(filepath.Join(m.from, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	opened, err := m.keys.Open(name, string(text))
	if err != nil {
		m.unreadable = append(m.unreadable, name)
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	m.restored = append(m.restored, name)
	return writePrivate(file, []byte(opened))
}

// adjust makes the settings that came back fit this machine.
func (m *mover) adjust(names []string) error {
	if err := m.pfxPassword(); err != nil {
		return err
	}
	cfg, err := config.Load(m.dir, nil)
	if err != nil {
		m.todo = append(m.todo, fmt.Sprintf("mend the settings: %s", err))
		return nil
	}
	for key, file := range tlsFiles(cfg) {
		if _, err := os.Stat(file); err == nil {
			continue // whoever renews it does so here, too
		}
		name := path.Join(key, base(file))
		to := path.Join(certsDir, strings.TrimPrefix(key, "receiver.tls.")+"-"+base(file))
		if !slices.Contains(names, name) {
			m.todo = append(m.todo, fmt.Sprintf("%s: there is no file %s", key, file))
			continue
		}
		if err := m.put(name, to); err != nil {
			return err
		}
		if err := config.Set(m.dir, key, filepath.Join(m.dir, filepath.FromSlash(to))); err != nil {
			return err
		}
	}
	return nil
}

// pfxPassword makes the one password text again that is not kept sealed.
func (m *mover) pfxPassword() error {
	text, err := os.ReadFile(config.Path(m.dir))
	if err != nil {
		return err
	}
	changed, err := config.Replace(text, pfxPassword, func(sealed string) string {
		opened, err := m.keys.Open(pfxPassword, sealed)
		if err != nil {
			m.todo = append(m.todo, "give the password of the PFX file anew: ppm config set "+pfxPassword)
		}
		return opened
	})
	if err != nil || string(changed) == string(text) {
		return err
	}
	return writePrivate(config.Path(m.dir), changed)
}

// base returns the last part of a path of any system: a backup may come from another.
func base(file string) string { return file[strings.LastIndexAny(file, `/\\`)+1:] }

// importKeys takes in the master keys that an encrypted backup carries.
func (m *mover) importKeys(names []string) error {
	if !slices.Contains(names, secret.FileName) {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(m.from, secret.FileName))
	if err != nil {
		return err
	}
	return m.keys.Import(text)
}

// carries reports whether a backup of ours may hold a file of that name.
func carries(name string) bool {
	setting, _, inside := strings.Cut(name, "/")
	switch {
	case inside:
		return setting == certsDir || setting == "receiver.tls.cert" || setting == "receiver.tls.key"
	}
	return name == backup.DatabaseName || name == config.FileName || name == secret.FileName
}
