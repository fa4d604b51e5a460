package sqlite

import (
	"slices"
	"sync"

	"processmanager/db"
)

// topics are those of which a transaction changed something.
type topics [db.Settings + 1]bool

// watchers are those who want a hint when something has been committed.
type watchers struct {
	mu sync.Mutex
	of [len(topics{})][]chan struct{}
}

// Watch implements [db.Store].
func (s *Store) Watch(topic db.Topic) (hints <-chan struct{}, stop func()) {
	w, c := &s.write.watched, make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[topic] = append(w.of[topic], c)
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.of[topic] = slices.DeleteFunc(w.of[topic], func(other chan struct{}) bool { return other == c })
	}
}

// hint tells those who watch a topic that has changed. It waits for nobody.
func (w *watchers) hint(changed topics) {
	if changed == (topics{}) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for topic, is := range changed {
		if !is {
			continue
		}
		for _, c := range w.of[topic] {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}
