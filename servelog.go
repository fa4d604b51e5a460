package main

import (
	"io"
	"log/slog"
	"path/filepath"
	"runtime/debug"

	"gopkg.in/natefinch/lumberjack.v2"
)

// logs opens the log, which also says on stderr what someone should know, and
// the access log. Each is at most some ten files of 10 MB.
// fileLog is the log alone, for what the person at the terminal is told anyway.
func logs(dir string, stderr io.Writer) (log, fileLog *slog.Logger, access io.Writer, close func()) {
	file := func(name string) *lumberjack.Logger {
		return &lumberjack.Logger{Filename: filepath.Join(dir, "log", name), MaxSize: 10, MaxBackups: 9, LocalTime: true}
	}
	events, accesses := file("ppm.log"), file("access.log")
	missing := slog.New(slog.NewTextHandler(stderr, nil))
	for _, f := range []*lumberjack.Logger{events, accesses} {
		if _, err := f.Write(nil); err != nil { // nobody would hear of it later
			missing.Warn("log cannot be written; ppm goes on without it", "file", f.Filename, "err", err)
		}
	}
	toFile := slog.NewTextHandler(events, &slog.HandlerOptions{Level: slog.LevelInfo})
	log = slog.New(slog.NewMultiHandler(toFile, slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	return log, slog.New(toFile), accesses, func() { events.Close(); accesses.Close() }
}

// tuneMemory suits the collector to a process that keeps little: the live heap
// is a few megabytes, and at Go's default the collector would run dozens of
// times a second under load, for a fifth of the cost of a notification. The
// limit keeps the process small all the same. Who sets GOGC or GOMEMLIMIT
// knows better.
func tuneMemory(p *program) {
	if p.env("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if p.env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(40 << 20)
	}
}
