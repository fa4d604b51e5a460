package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"processmanager/config"
	"processmanager/db"
	"processmanager/db/sqlite"
	"processmanager/secret"
	"processmanager/ui"
)

// kept is what the commands ask of the notifications kept, whether a running
// service answers or the store itself.
type kept interface {
	ui.Store
	Status(ctx context.Context) (ui.Status, error)
	Export(ctx context.Context, e ui.Exports, yield func(ui.Exported) error) error
	Close() error
}

var (
	_ kept = (*ui.Remote)(nil)
	_ kept = (*local)(nil)
)

// local is a store that the command itself has open.
type local struct {
	desk
	dir string
}

func (l *local) Status(ctx context.Context) (ui.Status, error) {
	st, err := status(ctx, l.vault, l.dir, nil)
	if err == nil {
		st.Secrets, err = newSecrets(l.vault, nil, nil).waiting(ctx)
	}
	return st, err
}

func (l *local) Export(ctx context.Context, e ui.Exports, yield func(ui.Exported) error) error {
	return ui.Export(ctx, l.desk, e, yield)
}

// patience is how long to wait for a ppm that has the store open but does not
// answer, because it is just starting, stopping or a short command.
const patience = 10 * time.Second

// reach returns the notifications kept: from the service that runs on the data
// folder or, without one, from the store, which then nobody else can open until
// it is closed.
func (p *program) reach() (kept, error) {
	dir, err := p.folder()
	if err != nil {
		return nil, err
	}
	var remoteErr error
	found, err := waitForLock(p, p.say, func() (kept, error) {
		service, err := attach(p, dir)
		if err == nil {
			return service, nil
		}
		remoteErr = err
		return openLocal(p, dir)
	})
	if errors.Is(err, db.ErrInUse) {
		return nil, fmt.Errorf("%w, which does not answer (%w); if it is not just starting or stopping, end it and try again", err, remoteErr)
	}
	return found, err
}

// attach returns the running service, once it has answered.
func attach(ctx context.Context, dir string) (kept, error) {
	r, err := findRunning(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("it has not said where")
	}
	if err != nil {
		return nil, err
	}
	service, err := r.remote()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := service.Status(ctx); err != nil {
		service.Close()
		return nil, err
	}
	return service, nil
}

// openLocal opens the store of dir, but doesn't make one: a misspelt folder
// must not look like an empty one.
func openLocal(p *program, dir string) (kept, error) {
	if _, err := os.Stat(filepath.Join(dir, sqlite.FileName)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("nothing is kept in %s yet: start ppm there first, or name the right folder with --data", dir)
	}
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	store, err := sqlite.Open(sqlite.Options{Dir: dir, Log: log})
	if err != nil {
		return nil, err
	}
	v := vault{store, secret.Open(dir, p.environ)}
	cfg, err := config.Load(dir, p.environ)
	if err != nil {
		log.Warn("the settings cannot be read; a backup is made as if there were none", "err", err)
		cfg = config.Default()
	}
	return &local{desk: desk{v, backupMaker(dir, cfg, v, log)}, dir: dir}, nil
}

// waitForLock calls open until it returns something else than that another ppm
// has the store open, or patience ends.
func waitForLock[T any](ctx context.Context, say func(string, ...any), open func() (T, error)) (T, error) {
	begun := time.Now()
	told := false
	for {
		v, err := open()
		if !errors.Is(err, db.ErrInUse) || time.Since(begun) > patience {
			return v, err
		}
		if !told && time.Since(begun) > time.Second {
			told = true
			say("another ppm has the store open and does not answer yet; waiting for it")
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
