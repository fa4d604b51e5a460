package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms are the packages of the program and what each may import of the others:
// the arrows of ARCHITECTURE.md. A package that is not here has no room yet.
var rooms = map[string][]string{
	"ppm": nil,

	"db":          {"ppm"},
	"db/dbtest":   {"db", "ppm"},
	"db/sqlite":   {"db", "ppm"},
	"db/postgres": {"db", "ppm"},

	"client":     {"ppm"},
	"clearmatch": {"ppm"},
	"config":     {"ppm"},
	"assets":     nil,
	"secret":     nil,
	"backup":     {"ppm"},

	"delivery": {"ppm"},
	"rule":     {"ppm"},

	"receiver": {"ppm"},
	"pipeline": {"ppm", "db", "delivery", "rule"},
	"notifier": {"ppm", "db", "delivery"},
	"ui":       {"ppm", "db", "assets"},
	"tray":     {"ppm", "assets"},

	// Programs of their own, for developers: they measure and test the others.
	"bench": {"ppm", "db", "db/sqlite", "clearmatch", "config", "receiver"},
	"test":  {"ppm"},
}

// noRooms are names that say nothing about what is inside.
var noRooms = []string{"util", "utils", "common", "models", "internal", "pkg", "helpers", "misc"}

// drivers are the beginnings of the import paths of SQL drivers.
var drivers = []string{"modernc.org/sqlite", "github.com/mattn/go-sqlite3", "github.com/lib/pq", "github.com/jackc/pgx"}

const module = "processmanager"

// thinking is what of the standard library the domain may use: nothing that
// reaches a disk, a network or another process. (time.Now is for reviewers to see.)
var thinking = []string{
	"bytes", "cmp", "crypto/hmac", "crypto/sha256", "encoding", "encoding/base32", "encoding/base64", "encoding/binary",
	"encoding/hex", "encoding/json", "errors", "fmt", "hash", "iter", "maps", "math", "math/bits", "net/url", "regexp",
	"slices", "sort", "strconv", "strings", "time", "unicode", "unicode/utf16", "unicode/utf8",
}

func TestWhoImportsWhom(t *testing.T) {
	files := imports(t)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		room := path.Dir(file)
		if room == "." {
			continue // main knows everybody; the drivers are looked at below
		}
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s: the room %s is not in the plan; give it a place in ARCHITECTURE.md and in rooms", file, room)
			continue
		}
		for _, imported := range files[file] {
			other, ours := strings.CutPrefix(imported, module+"/")
			switch {
			case imported == module:
				t.Errorf("%s imports main", file)
			case ours && !slices.Contains(allowed, other):
				t.Errorf("%s imports %s; %s may import only %q", file, other, room, allowed)
			case room == "ppm" && !slices.Contains(thinking, imported):
				t.Errorf("%s imports %s; the domain does no I/O and needs only the standard library", file, imported)
			}
		}
	}
}

func TestRoomsAreNamedForWhatIsInThem(t *testing.T) {
	for file := range imports(t) {
		for _, part := range strings.Split(path.Dir(file), "/") {
			if slices.Contains(noRooms, part) {
				t.Errorf("%s: %q names nothing; what is the package about?", file, part)
			}
		}
	}
}

func TestOnlyAnEngineKnowsItsDatabase(t *testing.T) {
	engines := []string{"db/sqlite", "db/postgres"}
	for file, imported := range imports(t) {
		room := path.Dir(file)
		for _, i := range imported {
			driver := i == "database/sql" || slices.ContainsFunc(drivers, func(d string) bool { return i == d || strings.HasPrefix(i, d+"/") })
			if driver && !slices.Contains(engines, room) {
				t.Errorf("%s imports %s; only %q may", file, i, engines)
			}
		}
	}
}

// imports returns what every Go file of the module imports, for whatever system
// it is built. Tests are left out: they may bring the real thing.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	files := make(map[string][]string)
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(file, "go.mod")); file != "." && err == nil {
				return filepath.SkipDir // a module of its own, of which the product knows nothing
			}
			if file != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		files[file] = []string{}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			files[file] = append(files[file], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go files found")
	}
	return files
}
