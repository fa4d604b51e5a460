package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"processmanager/backup"
	"processmanager/config"
	"processmanager/db/sqlite"
	"processmanager/ppm"
	"processmanager/ui"
)

const backupsDir = "backups" // in the data folder

type backupCmd struct {
	To             string `placeholder:"FILE" help:"Write to this file, which must not exist yet."`
	Encrypt        bool   `help:"Encrypt it; you are asked for a passphrase unless PPM_BACKUP_PASSPHRASE has it."`
	PassphraseFile string `placeholder:"FILE" help:"Encrypt it with the passphrase in this file."`
	JSON           bool   `name:"json" help:"Print one JSON object."`
}

func (backupCmd) Help() string {
	return `Makes one file of everything: notifications, settings, certificates. Then it opens
that file and checks all of it. ppm goes on receiving meanwhile. Without --to it goes
where the daily backups go (backup.folder), and the oldest of them makes room.

With a passphrase, this one's or that of the settings (backup.passphrase), the file
is encrypted and has all that another machine needs. Without one, whoever finds it
can read the notifications in it, but no secret: those of clients and of the API,
and the keys of certificates, can be brought back on this machine only.

Examples:

    ppm backup
    ppm backup --to /mnt/safe/ppm-monday.tar.gz
    ppm backup --to /mnt/usb/ppm.tar.gz.age --encrypt`
}

// Run runs ppm backup.
func (c *backupCmd) Run(p *program) error {
	order := ui.BackupOrder{}
	var err error
	if c.To != "" {
		if order.To, err = filepath.Abs(c.To); err != nil {
			return err
		}
	}
	if c.Encrypt || c.PassphraseFile != "" {
		if order.Passphrase, err = p.passphrase(c.PassphraseFile, true); err != nil {
			return err
		}
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	progress := p.progress("copied", "copied; packing and checking")
	made, err := from.Backup(p, order, progress.at)
	progress.end()
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(struct {
			Backup    string `json:"backup"`
			Bytes     int64  `json:"bytes"`
			Encrypted bool   `json:"encrypted"`
			ppm.Contents
		}{made.File, made.Bytes, made.Encrypted, made.Contents})
	}
	_, err = fmt.Fprintf(p.stdout, "backup written and checked: %s (%s, %s)\n", made.File, ppm.Counted(made.Notifications, "notification", "notifications"), byteSize(made.Bytes))
	if err == nil && !made.Encrypted {
		p.say("it is not encrypted: it carries no secrets that another machine could read (--encrypt)")
	}
	return err
}

const passphraseVariable = "PPM_BACKUP_PASSPHRASE"

// passphrase returns the one that somebody gives for a backup, from where others
// cannot see it; a new one is asked for twice.
func (p *program) passphrase(file string, isNew bool) (string, error) {
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("read the passphrase: %w", err)
		}
		defer f.Close()
		b, err := p.readAll("the passphrase", f, 1<<16)
		return strings.TrimRight(string(b), "\r\n"), err
	}
	if v := p.env(passphraseVariable); v != "" {
		return v, nil
	}
	first, err := p.ask("Passphrase of the backup: ")
	if errors.Is(err, errNobody) {
		return "", usageError("nobody can be asked here for the passphrase: name a file with --passphrase-file, or set the variable " + passphraseVariable)
	}
	if err != nil || !isNew {
		return first, err
	}
	again, err := p.ask("Once more: ")
	if err == nil && again != first {
		err = errors.New("these were two different ones; nothing was done")
	}
	return first, err
}

// backupMaker returns what makes the backups of the store in dir.
func backupMaker(dir string, cfg config.Config, v vault, log *slog.Logger) *backup.Maker {
	folder := cfg.Backup.Folder
	if folder == "" {
		folder = filepath.Join(dir, backupsDir)
	}
	return backup.NewMaker(backup.Options{
		Dir: dir, Folder: folder, Keep: cfg.Backup.Keep, Version: version(), Store: v, Log: log,
		Size:       func() (int64, error) { return databaseSize(dir) },
		Free:       sqlite.FreeSpace,
		Prove:      sqlite.Prove,
		Files:      func(encrypted bool) ([]backup.File, error) { return carried(dir, cfg, v.keys, encrypted) },
		Passphrase: func() (string, error) { return v.keys.Open(passphraseKey, cfg.Backup.Passphrase.Reveal()) },
	})
}

const passphraseKey = "backup.passphrase"

// databaseSize returns how large the database is, with its log.
func databaseSize(dir string) (size int64, err error) {
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(filepath.Join(dir, sqlite.FileName+suffix))
		switch {
		case err == nil:
			size += info.Size()
		case suffix == "":
			return 0, err
		}
	}
	return size, nil
}

// schedule returns what makes backups every day, nil if none are wanted.
func schedule(m *backup.Maker, b config.Backup) *backup.Schedule {
	daily, ok := b.Time()
	if !ok {
		return nil
	}
	return &backup.Schedule{Maker: m, Daily: daily}
}
