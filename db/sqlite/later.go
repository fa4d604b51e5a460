package sqlite

import "errors"

// later has apply written in a transaction with others, but after those who
// wait for an acknowledgement. rows is about how many rows it writes, at least 1.
//
// apply may be called more than once, if a transaction fails because of another
// change. A declined error from it is returned as what it holds; the transaction
// is as good as before, so apply must not have written anything.
func (s *Store) later(rows, bytes int, apply func(*batch) error) error {
	var refused declined
	err := s.write.do(&change{rows: max(1, rows), bytes: bytes, done: make(chan error, 1), apply: func(b *batch) error {
		refused = declined{}
		err := apply(b)
		if errors.As(err, &refused) {
			return nil
		}
		return err
	}})
	if err != nil {
		return plain(err)
	}
	return refused.error
}

// A declined change is one that its own maker has to look at; the others are none the worse.
type declined struct{ error }
