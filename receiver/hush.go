package receiver

import (
	"sync"
	"time"
)

// A hush keeps the log readable while the same thing happens a thousand times
// a second: it lets each kind of line through once a minute. The zero value is
// ready.
type hush struct {
	mu    sync.Mutex
	kinds map[string]*hushed
}

type hushed struct {
	until time.Time
	held  int // lines kept back since the last that was let through
}

const (
	hushFor   = time.Minute
	hushKinds = 1000 // kinds known at once; what goes beyond shares one
)

// lets reports whether a line of that kind may be written now, and how many
// were kept back since the last one.
func (h *hush) lets(kind string) (ok bool, held int) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.kinds[kind]
	if k == nil && len(h.kinds) >= hushKinds {
		h.forget(now)
		if len(h.kinds) >= hushKinds {
			kind = ""
			k = h.kinds[kind]
		}
	}
	if k == nil {
		k = new(hushed)
		if h.kinds == nil {
			h.kinds = make(map[string]*hushed)
		}
		h.kinds[kind] = k
	}
	if now.Before(k.until) {
		k.held++
		return false, 0
	}
	held = k.held
	*k = hushed{until: now.Add(hushFor)}
	return true, held
}

func (h *hush) forget(now time.Time) {
	for kind, k := range h.kinds {
		if !now.Before(k.until) {
			delete(h.kinds, kind)
		}
	}
}
