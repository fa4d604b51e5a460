package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"processmanager/db"
	"processmanager/ppm"
)

// searchWait is how long a search may spend on first indexing what is new.
const searchWait = time.Second

// Search implements [db.Store].
func (s *Store) Search(ctx context.Context, text string, p ppm.Page) ([]ppm.Record, int64, error) {
	after, err := start(p)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	behind, err := s.index.freshen(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("search: %w", err)
	}
	ids, err := s.index.find(ctx, phrase(text), after, p)
	if err != nil {
		return nil, 0, fmt.Errorf("search: %w", err)
	}
	direction := "DESC"
	if p.OldestFirst {
		direction = "ASC"
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, 0, err
	}
	records, err := s.records(ctx, `
		SELECT `+recordColumns+`, `+statusColumn+`
		FROM notification
		WHERE id IN (SELECT value FROM json_each(?))
		ORDER BY id `+direction, string(list))
	return records, behind, err
}

// freshen spends up to searchWait on filling the index.
func (x *index) freshen(ctx context.Context) (behind int64, err error) {
	for began := time.Now(); ; {
		behind, err = x.fill(ctx)
		if err != nil || behind == 0 || time.Since(began) > searchWait {
			return behind, err
		}
	}
}

// find returns a page of the numbers of the notifications that match.
func (x *index) find(ctx context.Context, match string, after int64, p ppm.Page) ([]int64, error) {
	if match == "" {
		return []int64{}, nil
	}
	query := findNewest
	if p.OldestFirst {
		query = findOldest
	}
	x.mu.Lock()
	pool := x.db
	x.mu.Unlock()
	if pool == nil { // shut meanwhile
		return nil, db.ErrUnavailable
	}
	rows, err := pool.QueryContext(ctx, query, match, after, max(0, p.Limit))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := []int64{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

const (
	findNewest = `SELECT rowid FROM entry WHERE entry MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?`
	findOldest = `SELECT rowid FROM entry WHERE entry MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?`
)

// phrase returns the FTS5 query for text: every word, or the beginning of one,
// must occur. Quoted, a word has no other meaning to FTS5.
func phrase(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	for i, w := range words {
		words[i] = `"` + strings.ReplaceAll(w, `"`, `""`) + `"*`
	}
	return strings.Join(words, " ")
}
