package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"processmanager/ppm"
)

const (
	browseStep = 400   // candidates looked at by one query
	browseMost = 12000 // candidates looked at for one page
)

// Browse implements [db.Store]. Candidates come from whatever index has the
// fewest, a step at a time, and are then held against the rest of q.
func (s *Store) Browse(ctx context.Context, q ppm.Query, p ppm.Page) (ppm.Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	found, err := s.browse(ctx, q, p)
	if err != nil {
		return ppm.Finding{}, fmt.Errorf("look for notifications: %w", plain(err))
	}
	return found, nil
}

func (s *Store) browse(ctx context.Context, q ppm.Query, p ppm.Page) (f ppm.Finding, err error) {
	before, err := start(ppm.Page{After: p.After})
	if err != nil {
		return f, err
	}
	if !q.Until.IsZero() {
		bound, err := s.arrivedBefore(ctx, q.Until)
		if err != nil {
			return f, err
		}
		before = min(before, bound+1)
	}
	var first int64 // the last one too old
	if !q.Since.IsZero() {
		if first, err = s.arrivedBefore(ctx, q.Since); err != nil {
			return f, err
		}
	}
	if usesIndex(q) {
		if f.Behind, err = s.index.freshen(ctx); err != nil {
			return f, err
		}
	}
	from, where := s.source(q), conditions(q)
	step := browseStep
	if where.text == "" && len(q.Without) == 0 {
		step = p.Limit + 1
	}
	for looked := 0; ; {
		ids, err := from(ctx, before, step)
		if err != nil {
			return f, err
		}
		last := len(ids) < step
		if i := slices.IndexFunc(ids, func(id int64) bool { return id <= first }); i >= 0 {
			ids, last = ids[:i], true
		}
		rows, err := s.fitting(ctx, ids, q, where)
		if err != nil {
			return f, err
		}
		f.Found = append(f.Found, rows...)
		looked += len(ids)
		switch {
		case len(f.Found) > p.Limit:
			f.Found = f.Found[:p.Limit]
			f.Next = f.Found[p.Limit-1].Receipt
		case last:
		case looked >= browseMost:
			if err := s.stopped(ctx, &f, ids[len(ids)-1]); err != nil {
				return f, err
			}
		default:
			before = ids[len(ids)-1]
			continue
		}
		return f, s.outcomes(ctx, f.Found)
	}
}

// stopped notes that nobody looked beyond the notification id.
func (s *Store) stopped(ctx context.Context, f *ppm.Finding, id int64) error {
	at, err := scanRow(s.read.QueryRowContext(ctx, `SELECT `+recordColumns+` FROM notification WHERE id = ?`, id))
	f.Next, f.Looked = at.Receipt, at.ReceivedAt
	return err
}

// where is what a candidate is held against, in SQL over record and status.
type where struct {
	text string
	args []any
}

func (w *where) and(text string, args ...any) {
	w.text += " AND " + text
	w.args = append(w.args, args...)
}

func conditions(q ppm.Query) where {
	var w where
	if q.Status != "" {
		w.and("status = ?", slices.Index(statuses[:], q.Status))
	}
	if q.NeedsYou {
		w.and(needsYou)
	}
	if q.Again {
		w.and("arrivals > 1")
	}
	if q.Held {
		w.and(`EXISTS (
			SELECT 1 FROM delivery JOIN client ON client.id = client
			WHERE notification = record.id AND state <= 2 AND held)`)
	}
	if q.Client != 0 || q.State != "" {
		in, args := "state < 5", []any(nil)
		if q.State != "" {
			in, args = "state = ?", []any{slices.Index(states[:], q.State)}
		}
		client := "client > 0"
		if q.Client != 0 {
			client, args = "client = ?", append(args, q.Client)
		}
		w.and("EXISTS (SELECT 1 FROM delivery WHERE notification = record.id AND "+in+" AND "+client+")", args...)
	}
	return w
}

const needsYou = `EXISTS (
	SELECT 1 FROM delivery JOIN client ON client.id = client
	WHERE notification = record.id AND (state = 4 OR state <= 2 AND failing >= ` + downAfter + `))`

// fitting returns those of the candidates that fit, in their order.
func (s *Store) fitting(ctx context.Context, ids []int64, q ppm.Query, w where) ([]ppm.Found, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if len(q.Without) > 0 {
		var err error
		if ids, err = s.index.lacking(ctx, ids, q.Without); err != nil {
			return nil, err
		}
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	records, err := s.records(ctx, `
		SELECT `+recordColumns+`, status
		FROM (
			SELECT `+recordColumns+`, `+statusColumn+` AS status
			FROM notification
			WHERE id IN (SELECT value FROM json_each(?))) AS record
		WHERE TRUE`+w.text+`
		ORDER BY id DESC`, append([]any{string(list)}, w.args...)...)
	found := make([]ppm.Found, len(records))
	for i, r := range records {
		found[i].Record = r
	}
	return found, err
}

// outcomes adds to what was found what became of it.
func (s *Store) outcomes(ctx context.Context, found []ppm.Found) error {
	ids := make([]int64, len(found))
	at := make(map[ppm.Receipt]*ppm.Found, len(found))
	for i := range found {
		id, err := found[i].Receipt.Number()
		if err != nil {
			return err
		}
		ids[i], at[found[i].Receipt] = id, &found[i]
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	all, err := s.deliveries(ctx, `
		SELECT `+deliveryColumns+`
		FROM delivery
		WHERE notification IN (SELECT value FROM json_each(?))
		ORDER BY notification, client`, string(list))
	for _, d := range all {
		if f := at[d.Receipt]; f != nil {
			f.Deliveries = append(f.Deliveries, d)
		}
	}
	return err
}

// usesIndex reports whether q asks for words.
func usesIndex(q ppm.Query) bool {
	return len(q.Words) > 0 || len(q.Without) > 0 || q.Application != "" || q.Type != ""
}

// match returns the FTS5 query for what q asks of words; "" for none.
func match(q ppm.Query) string {
	parts := []string{}
	if len(q.Words) > 0 {
		parts = append(parts, phrase(strings.Join(q.Words, " ")))
	}
	if q.Application != "" {
		parts = append(parts, "application : "+phrase(q.Application))
	}
	if q.Type != "" {
		parts = append(parts, "type : "+phrase(q.Type))
	}
	return strings.Join(parts, " AND ")
}
