package sqlite

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"processmanager/ppm"
)

// downAfter is [ppm.DownAfter] for SQL.
const downAfter = "5"

// A source returns up to limit numbers of notifications below before, the
// highest first, fewer only if there are no more.
type source func(ctx context.Context, before int64, limit int) ([]int64, error)

// source returns the index that has the fewest candidates for q.
func (s *Store) source(q ppm.Query) source {
	ids := func(query string, args ...any) source {
		return func(ctx context.Context, before int64, limit int) ([]int64, error) {
			return list(ctx, s.read, func(row scanner) (id int64, err error) {
				err = row.Scan(&id)
				return id, err
			}, query, append([]any{before, limit}, args...)...)
		}
	}
	switch {
	case match(q) != "":
		return func(ctx context.Context, before int64, limit int) ([]int64, error) {
			return s.index.find(ctx, match(q), before, ppm.Page{Limit: limit})
		}
	case q.State == ppm.GaveUp && q.Client != 0:
		return ids(sourceDeadOf, q.Client)
	case q.State == ppm.GaveUp:
		return ids(sourceDead)
	case q.Status == ppm.Failed:
		return ids(sourceFailed)
	case q.Status == ppm.Queued, q.Held, q.State == ppm.Waiting, q.State == ppm.NeedsData:
		return ids(sourceQueued)
	case q.NeedsYou:
		return ids(sourceNeedsYou)
	case q.Again:
		return ids(sourceAgain)
	}
	return ids(sourceAll)
}

const (
	sourceAll    = `SELECT id FROM notification WHERE id < ?1 ORDER BY id DESC LIMIT ?2`
	sourceAgain  = `SELECT notification FROM arrival WHERE nth = 2 AND notification < ?1 ORDER BY notification DESC LIMIT ?2`
	sourceFailed = `SELECT notification FROM work INDEXED BY work_failed WHERE open = 0 AND gave_up > 0 AND notification < ?1 ORDER BY notification DESC LIMIT ?2`
	sourceDeadOf = `SELECT notification FROM delivery INDEXED BY delivery_gave_up WHERE state = 4 AND client = ?3 AND notification < ?1 ORDER BY notification DESC LIMIT ?2`
	sourceDead   = `SELECT DISTINCT notification FROM delivery INDEXED BY delivery_dead WHERE state = 4 AND notification < ?1 ORDER BY notification DESC LIMIT ?2`

	// What is not routed yet, and what has been and is not done.
	sourceQueued = `
		SELECT notification FROM (
			SELECT notification FROM (
				SELECT notification FROM work INDEXED BY work_open WHERE open > 0 AND notification < ?1 ORDER BY notification DESC LIMIT ?2)
			UNION ALL
			SELECT id FROM (
				SELECT id FROM notification
				WHERE id < ?1 AND id > (SELECT value FROM tally WHERE name = 'routed') AND NOT (SELECT value FROM tally WHERE name = 'idle')
				ORDER BY id DESC LIMIT ?2))
		ORDER BY notification DESC
		LIMIT ?2`

	// Work is only looked at if a client is not reached.
	sourceNeedsYou = `
		SELECT notification FROM (
			SELECT notification FROM (
				SELECT DISTINCT notification FROM delivery INDEXED BY delivery_dead WHERE state = 4 AND notification < ?1 ORDER BY notification DESC LIMIT ?2)
			UNION
			SELECT notification FROM (
				SELECT notification FROM work INDEXED BY work_open
				WHERE open > 0 AND notification < ?1 AND EXISTS (SELECT 1 FROM client WHERE failing >= ` + downAfter + ` AND waiting > 0)
				ORDER BY notification DESC LIMIT ?2))
		ORDER BY notification DESC
		LIMIT ?2`
)

// lacking returns those of ids in which none of the words occurs. ids are
// in falling order.
func (x *index) lacking(ctx context.Context, ids []int64, words []string) ([]int64, error) {
	var any []string
	for _, w := range words {
		if p := phrase(w); p != "" {
			any = append(any, "("+p+")")
		}
	}
	if len(any) == 0 {
		return ids, nil
	}
	x.mu.Lock()
	pool := x.db
	x.mu.Unlock()
	if pool == nil {
		return ids, nil
	}
	asked, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	bad, err := list(ctx, pool, func(row scanner) (id int64, err error) {
		err = row.Scan(&id)
		return id, err
	}, `
		SELECT rowid
		FROM entry
		WHERE entry MATCH ? AND rowid BETWEEN ? AND ? AND rowid IN (SELECT value FROM json_each(?))`,
		strings.Join(any, " OR "), ids[len(ids)-1], ids[0], string(asked))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(bad, id) }), nil
}
