package sqlite

import (
	"context"
	"errors"
	"slices"

	"processmanager/db"
	"processmanager/ppm"
)

const (
	rejectionStep = 16  // rejections listed at a time
	actionStep    = 500 // actions
)

// eraseRejections deletes the rejections that name the application.
func (s *Store) eraseRejections(ctx context.Context, application string) (n int64, err error) {
	for before := int64(0); ; {
		kept, err := s.Rejections(ctx, before, rejectionStep)
		if err != nil || len(kept) == 0 {
			return n, err
		}
		for _, r := range kept {
			before = r.ID
			whole, err := s.Rejection(ctx, r.ID)
			switch {
			case errors.Is(err, db.ErrNotFound): // to make room, meanwhile
				continue
			case err != nil:
				return n, err
			case !names(whole.Body, application) && !names([]byte(whole.Reason), application):
				continue
			}
			if err := s.deleteRejection(r.ID); err != nil {
				return n, err
			}
			n++
		}
	}
}

func (s *Store) deleteRejection(id int64) error {
	return s.later(1, 0, func(b *batch) error {
		_, err := b.exec(`DELETE FROM rejection WHERE id = ?`, id)
		return err
	})
}

// eraseActions blanks what the audit log tells of the application, whose
// notifications have those numbers, ascending. Who did something, when, and to
// which application stays.
func (s *Store) eraseActions(ctx context.Context, application string, ids []int64) error {
	for before := int64(0); ; {
		kept, err := s.Actions(ctx, "", before, actionStep)
		if err != nil || len(kept) == 0 {
			return err
		}
		before = kept[len(kept)-1].Number
		var blank []ppm.Action
		for _, a := range kept {
			if about, tells := told(a, application, ids); tells {
				a.About = about
				blank = append(blank, a)
			}
		}
		if len(blank) == 0 {
			continue
		}
		if err := s.later(len(blank), 0, func(b *batch) error {
			for _, a := range blank {
				if _, err := b.exec(`UPDATE action SET about = ?, details = '' WHERE id = ?`, a.About, a.Number); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

// told reports whether a may tell something of the application, and what it
// shall be about then. What it is about may be a search, in which there are
// other words beside the number.
func told(a ppm.Action, application string, ids []int64) (about string, tells bool) {
	if number, err := ppm.Receipt(a.About).Number(); err == nil {
		if _, ours := slices.BinarySearch(ids, number); ours {
			return a.About, a.Details != ""
		}
	}
	switch {
	case a.About == application:
		return application, a.Details != "" && a.What != "erased"
	case names([]byte(a.About), application):
		return application, true
	}
	return a.About, names([]byte(a.Details), application)
}
