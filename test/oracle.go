//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
)

// An oracle remembers what was posted and what was acknowledged, in memory and
// so outside of every disk that is made to fail. It may be used by many senders
// at once.
type oracle struct {
	series
	mu   sync.Mutex
	sent []memory // by number
	dark bool     // see darken
}

// A memory is what the oracle knows of one notification.
type memory struct {
	size    int
	posts   [variants]int // POSTs begun with that body
	acks    [variants]int // of them answered 200
	receipt string        // from the first acknowledgement that could be read
	first   int           // the variant known to have come first, or -1
}

func sum(counts [variants]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// A post is one POST to be made.
type post struct {
	series
	n, variant, size int
	acknowledged     bool // it had been acknowledged before this post began
}

func (p post) body() []byte { return p.series.body(p.n, p.variant, p.size) }

// next returns a new notification to post.
func (o *oracle) next(size int) post {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := memory{size: size, first: -1}
	m.posts[0]++
	o.sent = append(o.sent, m)
	return post{series: o.series, n: len(o.sent) - 1, size: size}
}

// again returns a notification to post once more, whether or not the earlier
// POSTs were answered; now and then with another body. Mostly a recent one.
func (o *oracle) again() (post, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.sent) == 0 {
		return post{}, false
	}
	n := rand.IntN(len(o.sent))
	if rand.IntN(2) == 0 {
		n = len(o.sent) - 1 - rand.IntN(min(100, len(o.sent)))
	}
	variant := 0
	if rand.IntN(4) == 0 {
		variant = rand.IntN(variants)
	}
	return o.repeat(n, variant), true
}

// repeat returns the notification n to post once more. o.mu is held, or nobody
// else uses o.
func (o *oracle) repeat(n, variant int) post {
	m := &o.sent[n]
	m.posts[variant]++
	return post{series: o.series, n: n, variant: variant, size: m.size, acknowledged: sum(m.acks) > 0}
}

// An answer is the body of a 200.
type answer struct {
	Status     string `json:"status"`
	Receipt    string `json:"receipt"`
	Redelivery bool   `json:"redelivery"`
}

// acknowledged notes that p was answered 200, and returns an error when the
// answer cannot be true. a is nil when the 200 was all that came through.
func (o *oracle) acknowledged(p post, a *answer) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dark {
		return nil
	}
	m := &o.sent[p.n]
	m.acks[p.variant]++
	if a == nil {
		return nil
	}
	if m.receipt == "" {
		m.receipt = a.Receipt
	}
	if !a.Redelivery {
		if m.first >= 0 {
			return fmt.Errorf("notification %d was twice answered \"redelivery\":false", p.n)
		}
		m.first = p.variant
	}
	switch {
	case a.Status != "acknowledged" || a.Receipt == "":
		return fmt.Errorf("a 200 with status %q and receipt %q", a.Status, a.Receipt)
	case a.Receipt != m.receipt:
		return fmt.Errorf("notification %d has two receipts, %s and %s", p.n, m.receipt, a.Receipt)
	case sum(m.posts) == 1 && a.Redelivery:
		return fmt.Errorf("notification %d was answered \"redelivery\":true the first time", p.n)
	case p.acknowledged && !a.Redelivery:
		return fmt.Errorf("notification %d was answered \"redelivery\":false though it had been acknowledged", p.n)
	}
	return nil
}

// darken says whether the power is off: what is answered from now on reaches
// nobody in the world that is being imitated. It binds nobody.
//
// It cannot bind: an fsync that is under way when a file system is shut down
// may return 0 for data that does not survive, on ext4 and xfs alike (seen with
// a bare loop of write and fsync in some of a hundred cuts). A computer without
// power does not return from fsync.
func (o *oracle) darken(dark bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dark = dark
}

// count returns how many notifications were posted, and how many of them were
// acknowledged at least once.
func (o *oracle) count() (posted, acknowledged int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.sent {
		if sum(m.acks) > 0 {
			acknowledged++
		}
	}
	return len(o.sent), acknowledged
}
