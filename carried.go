package main

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"processmanager/backup"
	"processmanager/config"
	"processmanager/secret"
)

// What a backup carries beside the database, by its names in the backup:
//
//	config.toml               the settings
//	certs/…                   what is in that folder: certificates, and their keys
//	receiver.tls.cert/NAME    a certificate that lies elsewhere, by its setting
//	receiver.tls.key/NAME     its key
//	master.key                in an encrypted one only
//
// Certificates come with keys. So without a passphrase they are sealed with the
// master key, and can be brought back only where that is; and a password that
// config.toml has as text is sealed too.
const certsDir = "certs"

// pfxPassword is the one secret that config.toml has as text: receiving needs it,
// and does not depend on the master key.
const pfxPassword = "receiver.tls.password"

// tlsFiles are settings that name files outside of the data folder.
func tlsFiles(cfg config.Config) map[string]string {
	t := cfg.Receiver.TLS
	if t.Mode != config.ModeFiles {
		return nil
	}
	files := map[string]string{"receiver.tls.cert": t.Cert}
	if !t.PFX() {
		files["receiver.tls.key"] = t.Key
	}
	return files
}

// A collector collects what a backup carries.
type collector struct {
	dir       string
	keys      *secret.Keys
	encrypted bool
	files     []backup.File
}

// carried returns what a backup of the data folder dir carries beside the database.
func carried(dir string, cfg config.Config, keys *secret.Keys, encrypted bool) ([]backup.File, error) {
	c := collector{dir: dir, keys: keys, encrypted: encrypted}
	if err := c.settings(); err != nil {
		return nil, err
	}
	if err := c.certificates(); err != nil {
		return nil, err
	}
	for key, file := range tlsFiles(cfg) {
		if within(filepath.Join(dir, certsDir), file) {
			continue
		}
		if err := c.secret(path.Join(key, base(file)), file); err != nil {
			return nil, err
		}
	}
	if text := keys.Export(); encrypted && text != nil {
		c.files = append(c.files, backup.File{Name: secret.FileName, Text: text})
	}
	return c.files, nil
}

// settings adds config.toml, if there is one.
func (c *collector) settings() error {
	text, err := os.ReadFile(config.Path(c.dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !c.encrypted {
		if text, err = config.Replace(text, pfxPassword, func(password string) string {
			sealed, err := c.keys.Seal(pfxPassword, password)
			if err != nil {
				return "" // to be given anew
			}
			return sealed
		}); err != nil {
			return err
		}
	}
	c.files = append(c.files, backup.File{Name: config.FileName, Text: text})
	return nil
}

// certificates adds what lies in the folder of certificates.
func (c *collector) certificates() error {
	root := filepath.Join(c.dir, certsDir)
	return filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && file == root:
			return nil
		case err != nil:
			return err
		case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "."): // a draft
			return nil
		}
		name, err := filepath.Rel(c.dir, file)
		if err != nil {
			return err
		}
		return c.secret(filepath.ToSlash(name), file)
	})
}

// secret adds a file that nobody may read who finds the backup. Where there is
// no way to seal it, it stays out.
func (c *collector) secret(name, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !c.encrypted {
		sealed, err := c.keys.Seal(name, string(text))
		if err != nil {
			return nil
		}
		text = []byte(sealed)
	}
	c.files = append(c.files, backup.File{Name: name, Text: text})
	return nil
}
