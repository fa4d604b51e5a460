package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// Every setting is in the DSN: a pragma sent by Exec reaches one connection of
// a pool, and a misspelt key here fails instead of being ignored.
//
// mode=rw: a database that is not there any more must not be made anew, empty.
const (
	writerDSN = "mode=rw&_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_foreign_keys=1&_dqs=0" +
		// macOS answers a plain fsync from the drive's own cache.
		"&_pragma=fullfsync(1)&_pragma=checkpoint_fullfsync(1)" +
		// The writer moves the log into the database itself, after the answers are out.
		"&_pragma=wal_autocheckpoint(0)&_pragma=journal_size_limit(16777216)" +
		// What is erased is overwritten.
		"&_pragma=secure_delete(1)"
	readerDSN = "mode=rw&_query_only=1&_busy_timeout=5000&_foreign_keys=1&_dqs=0"
)

// lockWait is how long another program's lock is waited for; as in the DSNs.
const lockWait = 5 * time.Second

// EngineVersion is the version of SQLite in this program.
const EngineVersion = lib.SQLITE_VERSION

// minSQLite is the first version without the write-ahead-log reset bug.
const minSQLite = "3.54.1"

// dsn returns the data source name of the database at path with those settings.
func dsn(path, settings string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // C:/… becomes file:///C:/…
	}
	return (&url.URL{Scheme: "file", Path: p}).String() + "?" + settings
}

// openReaders returns a pool that cannot write.
func openReaders(path, settings string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn(path, settings))
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(4)
	pool.SetMaxIdleConns(2)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool, nil
}

// A conn is one connection below database/sql, which would add a quarter to
// the cost of a row. It belongs to one goroutine.
type conn struct {
	raw     driver.Conn
	stmts   map[string]driver.Stmt // prepared, by their text
	insert  driver.StmtExecContext // insertNotification; set by probe
	copying *sqlite.Backup         // nil unless a backup is being made
}

// connect opens a connection to the database at path with those settings.
func connect(path, settings string) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn(path, settings))
	if err != nil {
		return nil, err
	}
	raw, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	return &conn{raw: raw, stmts: map[string]driver.Stmt{}}, nil
}

func (c *conn) close() error {
	errs := []error{c.endCopy()}
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

// prepared returns the statement for query, prepared once.
func (c *conn) prepared(query string) (driver.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.raw.Prepare(query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = s
	return s, nil
}

// exec runs a statement. There is no context on purpose: a commit that a
// context ends has an unknown outcome.
func (c *conn) exec(query string, args ...any) (driver.Result, error) {
	s, err := c.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtExecContext).ExecContext(context.Background(), named(args))
}

// row runs a query that returns one row; io.EOF means none.
func (c *conn) row(query string, args ...any) ([]driver.Value, error) {
	s, err := c.prepared(query)
	if err != nil {
		return nil, err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), named(args))
	if err != nil {
		return nil, err
	}
	values := make([]driver.Value, len(rows.Columns()))
	err = rows.Next(values)
	return values, errors.Join(err, rows.Close())
}

// all runs a query and returns all its rows.
func (c *conn) all(query string, args ...any) (all [][]driver.Value, err error) {
	s, err := c.prepared(query)
	if err != nil {
		return nil, err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), named(args))
	if err != nil {
		return nil, err
	}
	for width := len(rows.Columns()); ; {
		values := make([]driver.Value, width)
		if err := rows.Next(values); err != nil {
			if err == io.EOF {
				err = nil
			}
			return all, errors.Join(err, rows.Close())
		}
		all = append(all, values)
	}
}

// patience sets how long another's lock is waited for.
func (c *conn) patience(d time.Duration) error {
	_, err := c.row(fmt.Sprintf("PRAGMA busy_timeout = %d", d.Milliseconds()))
	return err
}

// script runs SQL of several statements once.
func (c *conn) script(text string) error {
	_, err := c.raw.(driver.ExecerContext).ExecContext(context.Background(), text, nil)
	return err
}

func named(args []any) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, a := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return values
}

// durable reads back the settings that an acknowledgement rests on, and erasing.
func (c *conn) durable() error {
	const lost, kept = "an acknowledgement would not survive a power cut", "what is erased would stay in the file"
	for _, want := range []struct {
		query, name string
		ok          func(string) bool
		needed, why string
	}{
		{"PRAGMA journal_mode", "journal_mode", is("wal"), "wal", lost},
		{"PRAGMA synchronous", "synchronous", is("2"), "2 (FULL)", lost},
		{"PRAGMA foreign_keys", "foreign_keys", is("1"), "1", lost},
		{"PRAGMA fullfsync", "fullfsync", is("1"), "1", lost},
		{"PRAGMA checkpoint_fullfsync", "checkpoint_fullfsync", is("1"), "1", lost},
		{"PRAGMA wal_autocheckpoint", "wal_autocheckpoint", is("0"), "0", lost},
		{"PRAGMA secure_delete", "secure_delete", is("1"), "1 (ON)", kept},
		{"SELECT sqlite_version()", "SQLite version", atLeast(minSQLite), "at least " + minSQLite, lost},
	} {
		values, err := c.row(want.query)
		if err != nil {
			return fmt.Errorf("read back %s: %w", want.name, err)
		}
		if got := fmt.Sprint(values[0]); !want.ok(got) {
			return fmt.Errorf("%s is %s and must be %s: %s", want.name, got, want.needed, want.why)
		}
	}
	return nil
}

// probe writes once, since a read-only disk opens without complaint, and makes
// c ready for more.
func (c *conn) probe() error {
	if _, err := c.exec(`UPDATE tally SET value = value + 1 WHERE name = 'probes'`); err != nil {
		return fmt.Errorf("write to it: %w", err)
	}
	insert, err := c.prepared(insertNotification)
	if err != nil {
		return err
	}
	c.insert = insert.(driver.StmtExecContext)
	return nil
}

func is(want string) func(string) bool { return func(got string) bool { return got == want } }

// atLeast compares dotted numbers.
func atLeast(floor string) func(string) bool {
	number := func(s string) (n [3]int) {
		fmt.Sscanf(s, "%d.%d.%d", &n[0], &n[1], &n[2])
		return n
	}
	return func(got string) bool {
		g, f := number(got), number(floor)
		for i := range g {
			if g[i] != f[i] {
				return g[i] > f[i]
			}
		}
		return true
	}
}

// onWindows is where a file that is open can be neither renamed nor replaced.
const onWindows = runtime.GOOS == "windows"
