package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"processmanager/ppm"
)

const (
	erased  = "its content was erased"
	expired = "its content has expired"

	// forgetStep is how many notifications one change forgets.
	forgetStep = 50

	// scanStep is how many notifications one read goes through.
	scanStep = 20_000
)

// Erase implements [db.Past].
func (s *Store) Erase(ctx context.Context, application, by string) (ppm.Erased, error) {
	e, err := s.erase(ctx, application, by)
	if err != nil {
		return e, fmt.Errorf("erase %s: %w; it is not done, do it again", application, plain(err))
	}
	return e, nil
}

func (s *Store) erase(ctx context.Context, application, by string) (e ppm.Erased, err error) {
	ids, err := s.about(ctx, application)
	if err != nil {
		return e, err
	}
	for from := 0; from < len(ids); from += forgetStep {
		part := ids[from:min(from+forgetStep, len(ids))]
		var stopped int64
		err := s.later(8*len(part), 0, func(b *batch) error {
			stopped = 0
			for _, id := range part {
				n, err := b.forget(id, erased, time.Now())
				if err != nil {
					return err
				}
				stopped += n
			}
			return nil
		})
		if err != nil {
			return e, err
		}
		e.Notifications, e.Stopped = e.Notifications+int64(len(part)), e.Stopped+stopped
	}
	if e.Rejections, err = s.eraseRejections(ctx, application); err != nil {
		return e, err
	}
	if err := s.later(1, 0, func(b *batch) error {
		if _, err := b.exec(`UPDATE action SET details = '' WHERE about = ?`, application); err != nil {
			return err
		}
		return b.act(by, "erased", application, fmt.Sprintf("%d notifications, %d rejections, %d deliveries stopped", e.Notifications, e.Rejections, e.Stopped))
	}); err != nil {
		return e, err
	}
	if err := s.index.forget(ctx, ids, true); err != nil {
		return e, fmt.Errorf("search index: %w", err)
	}
	return e, s.emptyLog(ctx)
}

// about returns the numbers of all notifications about an application. There is
// no index by application, which every acknowledgement would pay for: the
// search index knows the word, once it has been filled to the end, and where the
// number is no word everything is looked at.
func (s *Store) about(ctx context.Context, application string) (ids []int64, err error) {
	for behind := int64(1); behind > 0; {
		if behind, err = s.index.fill(ctx); err != nil {
			return nil, err
		}
	}
	if !strings.ContainsFunc(application, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return s.scan(ctx, application)
	}
	match := `application : "` + strings.ReplaceAll(application, `"`, `""`) + `"`
	for after := int64(0); ; {
		found, err := s.index.find(ctx, match, after, ppm.Page{Limit: 1000, OldestFirst: true})
		if err != nil || len(found) == 0 {
			return ids, err
		}
		for _, id := range found {
			var is string
			if err := s.read.QueryRowContext(ctx, `SELECT application FROM notification WHERE id = ?`, id).Scan(&is); err != nil {
				return nil, err
			}
			if is == application { // and not only the same words
				ids = append(ids, id)
			}
		}
		after = found[len(found)-1]
	}
}

// scan is about without the index: a read of everything, in steps so that none
// keeps the log from being emptied.
func (s *Store) scan(ctx context.Context, application string) (ids []int64, err error) {
	newest, err := s.newest(ctx)
	if err != nil {
		return nil, err
	}
	for from := int64(0); from < newest; from += scanStep {
		part, err := list(ctx, s.read, func(row scanner) (id int64, err error) { return id, row.Scan(&id) }, `
			SELECT id
			FROM notification
			WHERE id > ? AND id <= ? AND application = ?`, from, from+scanStep, application)
		if err != nil {
			return nil, err
		}
		ids = append(ids, part...)
	}
	return ids, nil
}

// eraseRejections deletes the rejections that name the application.
func (s *Store) eraseRejections(ctx context.Context, application string) (n int64, err error) {
	type rejection struct {
		id   int64
		body []byte
	}
	kept, err := list(ctx, s.read, func(row scanner) (r rejection, err error) { return r, row.Scan(&r.id, &r.body) }, `SELECT id, body FROM rejection`)
	if err != nil {
		return 0, err
	}
	for _, r := range kept {
		if !names(r.body, application) {
			continue
		}
		if err := s.later(1, 0, func(b *batch) error {
			_, err := b.exec(`DELETE FROM rejection WHERE id = ?`, r.id)
			return err
		}); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// names reports whether text has the application's number in it, and not only
// as a part of another one.
func names(text []byte, application string) bool {
	word := []byte(application)
	if len(word) == 0 {
		return false
	}
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; ; {
		i := bytes.Index(text[from:], word)
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRune(text[:begin])
		after, _ := utf8.DecodeRune(text[end:])
		if (begin == 0 || !part(before)) && (end == len(text) || !part(after)) {
			return true
		}
		from = begin + 1
	}
}

// emptyLog returns once the write-ahead log is empty: it has copies of what was
// overwritten in the database. Readers are waited for; they are cut off in time.
func (s *Store) emptyLog(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout+10*time.Second)
	defer cancel()
	for {
		err := s.write.do(&change{rows: 1, done: make(chan error, 1), between: s.write.wal.empty})
		if err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(s.dir, FileName+"-wal"))
		if err == nil && info.Size() == 0 {
			return nil
		}
		if err != nil || !pause(ctx, 50*time.Millisecond) {
			return errors.Join(err, errors.New("the log could not be emptied, since somebody is reading the database without an end"))
		}
	}
}
