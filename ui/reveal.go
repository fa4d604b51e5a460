package ui

import "time"

// revealTime is how long an application's personal data stays unveiled.
const revealTime = 15 * time.Minute

// reveal notes that the visitor may see an application's personal data.
func (s *sessions) reveal(v *visitor, application string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.revealed == nil {
		v.revealed = make(map[string]time.Time)
	}
	now := time.Now()
	for other, at := range v.revealed {
		if now.Sub(at) > revealTime {
			delete(v.revealed, other)
		}
	}
	v.revealed[application] = now
}

// hasRevealed reports whether the visitor may see it just now.
func (s *sessions) hasRevealed(v *visitor, application string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := v.revealed[application]
	return ok && time.Since(at) <= revealTime
}
