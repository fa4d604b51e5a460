package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"time"
)

// list returns all rows of a query, each as scan reads it.
func list[T any](ctx context.Context, from *sql.DB, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// A moment scans a time that may be NULL.
type moment struct{ to **time.Time }

// Scan implements [sql.Scanner].
func (m moment) Scan(value any) error {
	*m.to = nil
	if n, ok := value.(int64); ok {
		t := at(n)
		*m.to = &t
	}
	return nil
}

// asJSON scans a value kept as JSON.
type asJSON struct{ to any }

// Scan implements [sql.Scanner].
func (j asJSON) Scan(value any) error {
	text, _ := value.(string)
	return json.Unmarshal([]byte(text), j.to)
}

func text(v driver.Value) string {
	s, _ := v.(string)
	return s
}
