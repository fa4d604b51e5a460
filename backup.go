package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"processmanager/db/sqlite"
)

const backupsDir = "backups" // in the data folder

type backupCmd struct {
	To   string `placeholder:"FILE" help:"Write to this file, which must not exist yet."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

func (backupCmd) Help() string {
	return `Writes a complete, checked copy of everything kept into one file. ppm goes on
receiving meanwhile. Without --to the copy goes into the folder backups of the
data folder; keep some on another disk as well. What it holds is personal data.

The settings (config.toml) and certificates (certs) are files of their own: copy
them too.

Examples:

    ppm backup
    ppm backup --to /mnt/safe/ppm-monday.db`
}

// Run runs ppm backup.
func (c *backupCmd) Run(p *program) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	to := backupName(filepath.Join(dir, backupsDir), time.Now())
	if c.To != "" {
		if to, err = filepath.Abs(c.To); err != nil {
			return err
		}
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	progress := p.progress("copied", "copied; checking the copy")
	err = from.Backup(p, to, progress.at)
	progress.end()
	if err != nil {
		return err
	}
	info, err := os.Stat(to)
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(struct {
			Backup string `json:"backup"`
			Bytes  int64  `json:"bytes"`
		}{to, info.Size()})
	}
	_, err = fmt.Fprintf(p.stdout, "backup written and checked: %s (%s)\n", to, byteSize(info.Size()))
	return err
}

// backupName returns a name in folder for a backup made now, one that isn't
// taken even where there are several in a second.
func backupName(folder string, now time.Time) string {
	name := filepath.Join(folder, "ppm-"+now.Format("20060102-150405"))
	path := name + ".db"
	for n := 2; ; n++ {
		if _, err := os.Lstat(path); err != nil {
			return path
		}
		path = fmt.Sprintf("%s-%d.db", name, n)
	}
}

type restoreCmd struct {
	File string `arg:"" help:"A backup that ppm backup wrote."`
	Yes  bool   `help:"Don't ask."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

func (restoreCmd) Help() string {
	return `Puts a backup in the place of what is kept now, after checking it. Nothing is
deleted: the present database is put aside in the data folder. Stop ppm first.

What was received after the backup was made is not in it, and Clearmatch doesn't
send again what was acknowledged. If the database put aside can still be read,
restore takes that as well; else ask Clearmatch.

Examples:

    ppm restore /srv/ppm/backups/ppm-20260131-080000.db
    ppm restore ppm-monday.db --yes`
}

// Run runs ppm restore.
func (c *restoreCmd) Run(p *program) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.File); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: there is no file %s", c.File)
	} else if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if service, err := attach(p, dir); err == nil {
		service.Close()
		return fmt.Errorf("ppm is running on %s: stop it first, then restore", dir)
	}
	if !c.Yes {
		if err := p.confirm(fmt.Sprintf("This puts %s in the place of what is kept in %s.\nWhat is kept now is put aside, not deleted.", c.File, dir)); err != nil {
			return err
		}
	}
	aside, err := sqlite.Restore(p, dir, c.File)
	if err != nil && aside != "" {
		return fmt.Errorf("%w; what was there before is in %s: put that back with \"ppm restore %s\", or try again", err, aside, aside)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(struct {
			Restored string `json:"restored"`
			Aside    string `json:"aside,omitempty"`
		}{c.File, aside})
	}
	fmt.Fprintf(p.stdout, "restored from %s\n", c.File)
	if aside != "" {
		fmt.Fprintf(p.stdout, "what was there before is in %s\n", aside)
	}
	return nil
}

// confirm has a person at a terminal type yes. Without a terminal nobody can be
// asked, and the answer is no.
func (p *program) confirm(what string) error {
	if f, ok := p.stdin.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return usageError("nobody can be asked here whether you are sure: add --yes if you are")
	}
	fmt.Fprintf(p.stderr, "%s\nType yes to go on: ", what)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.stdin).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-p.Done():
		return p.Err()
	case line := <-answer:
		if !strings.EqualFold(line, "yes") {
			return errors.New("nothing was changed")
		}
	}
	return nil
}
