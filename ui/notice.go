package ui

import (
	"net/url"
	"strconv"
	"strings"
)

// A notice tells on the next page what came of an action. The address of that
// page names it, so that showing it changes nothing.
type notice struct {
	ID   string
	Text string
	Bad  bool
}

// maxNotices is how many a visitor's session remembers.
const maxNotices = 20

// notify keeps a notice for the visitor and returns to, an address of ours,
// with its name added.
func (s *sessions) notify(v *visitor, to, text string, bad bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := 0
	if n := len(v.notices); n > 0 {
		last, _ = strconv.Atoi(v.notices[n-1].ID)
	}
	id := strconv.Itoa(last + 1)
	v.notices = append(v.notices, notice{id, text, bad})
	if n := len(v.notices); n > maxNotices {
		v.notices = v.notices[n-maxNotices:]
	}
	path, query, _ := strings.Cut(to, "?")
	q, _ := url.ParseQuery(query) // one of ours
	q.Set("notice", id)
	return path + "?" + q.Encode()
}

// notice returns the notice with that name, nil if there is none (any more).
func (s *sessions) notice(v *visitor, id string) *notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range v.notices {
		if n.ID == id {
			return &n
		}
	}
	return nil
}
