package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"modernc.org/sqlite"
)

// SearchQueries are the ones that go to the search index.
var SearchQueries = []string{findNewest, findOldest}

// IndexName is the file name of the search index.
const IndexName = indexName

// CreateOlder makes the database of dir as an earlier version did.
func CreateOlder(dir string, schema int) error {
	return create(filepath.Join(dir, FileName), migrations[:schema])
}

// OpenRecorded opens the store of dir as [Open] does, and notes every
// statement that is run in its database, but for the search index's own.
// Once it is closed, statements returns them.
func OpenRecorded(dir string) (s *Store, statements func() []string, err error) {
	first, err := Open(Options{Dir: dir}) // makes what is not there
	if err != nil {
		return nil, nil, err
	}
	if err := first.Close(); err != nil {
		return nil, nil, err
	}
	s = &Store{dir: dir, log: slog.New(slog.DiscardHandler)}
	if s.lock, err = acquire(dir); err != nil {
		return nil, nil, err
	}
	if s.write, err = newWriter(dir, s.log); err != nil {
		return nil, nil, err
	}
	connector, err := sqlite.NewConnector(dsn(filepath.Join(dir, FileName), readerDSN))
	if err != nil {
		return nil, nil, err
	}
	seen := new(seen)
	s.read = sql.OpenDB(recorder{connector, seen})
	s.index = newIndex(s)
	return s, func() []string {
		written := maps.Keys(s.write.conn.stmts)
		return slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(seen.all(), written))))
	}, nil
}

// seen are statements that have been run.
type seen struct {
	mu         sync.Mutex
	statements []string
}

func (s *seen) note(query string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statements = append(s.statements, query)
}

func (s *seen) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.statements)
}

// A recorder opens connections that note what is asked of them.
type recorder struct {
	driver.Connector
	seen *seen
}

// Connect implements [driver.Connector].
func (r recorder) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := r.Connector.Connect(ctx)
	return recorded{c, r.seen}, err
}

type recorded struct {
	driver.Conn
	seen *seen
}

// QueryContext implements [driver.QueryerContext].
func (r recorded) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	r.seen.note(query)
	return r.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}
