package ui

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// shelf is what memory has for the pages.
type shelf struct {
	clients []Client
	dead    []ppm.Delivery
	done    []string // what was asked to be changed, in words
	actions []ppm.Action
	down    []Down
	slow    func(context.Context)

	mu       sync.Mutex
	watchers []chan struct{}
}

func (m *memory) Clients(context.Context) ([]Client, error) { return m.clients, nil }

func (m *memory) DeadLetters(_ context.Context, client int64, _ ppm.DeliveryName, limit int) ([]ppm.Delivery, error) {
	var list []ppm.Delivery
	for _, d := range m.dead {
		if (client < 0 || d.Client == client) && len(list) < limit {
			list = append(list, d)
		}
	}
	return list, nil
}

// Browse knows words, the state of being complete and what needs somebody.
func (m *memory) Browse(_ context.Context, q ppm.Query, p ppm.Page) (ppm.Finding, error) {
	var f ppm.Finding
	past := p.After == ""
	for _, d := range slices.Backward(m.kept) {
		if !past {
			past = d.Receipt == p.After
			continue
		}
		fits := q.Status == "" || d.Status == q.Status
		fits = fits && (!q.NeedsYou || d.Status == ppm.Failed) && (!q.Again || d.Arrivals > 1) && !d.ReceivedAt.Before(q.Since)
		for _, w := range append(q.Words, q.Application) {
			fits = fits && strings.Contains(d.Application, w)
		}
		if !fits {
			continue
		}
		if len(f.Found) == p.Limit {
			f.Next = f.Found[p.Limit-1].Receipt
			break
		}
		one := ppm.Found{Record: d.Record}
		for _, to := range d.Deliveries {
			one.Deliveries = append(one.Deliveries, to.Delivery)
		}
		f.Found = append(f.Found, one)
	}
	return f, nil
}

func (m *memory) ViewCounts(context.Context) (ppm.ViewCounts, error) {
	return ppm.ViewCounts{NeedsYou: int64(len(m.dead)), AtMost: 1000}, nil
}

func (m *memory) Pace(_ context.Context, since, until time.Time, stretches int) ([]ppm.Stretch, error) {
	pace := make([]ppm.Stretch, stretches)
	step := until.Sub(since) / time.Duration(stretches)
	for i := range pace {
		pace[i].From = since.Add(step * time.Duration(i))
		for _, d := range m.kept {
			if !d.ReceivedAt.Before(pace[i].From) && d.ReceivedAt.Before(pace[i].From.Add(step)) {
				pace[i].Notifications++
			}
		}
	}
	return pace, nil
}

func (m *memory) Watch(db.Topic) (<-chan struct{}, func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := make(chan struct{}, 1)
	m.watchers = append(m.watchers, c)
	return c, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.watchers = slices.DeleteFunc(m.watchers, func(other chan struct{}) bool { return other == c })
	}
}

// change hints to whoever watches.
func (m *memory) change() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (m *memory) watching() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.watchers)
}

func (m *memory) HoldClient(_ context.Context, number int64, held bool, by string) error {
	m.done = append(m.done, strings.Join([]string{by, map[bool]string{true: "held", false: "resumed"}[held]}, " "))
	return nil
}

func (m *memory) Actions(_ context.Context, about string, before int64, limit int) ([]ppm.Action, error) {
	var list []ppm.Action
	for _, a := range m.actions {
		if about == "" || a.About == about {
			list = append(list, a)
		}
	}
	return list, nil
}

func (m *memory) Audit(_ context.Context, a ppm.Action) error {
	m.actions = append([]ppm.Action{a}, m.actions...)
	return nil
}

// Resend sends every dead letter that is selected, one after the other; slow, if
// set, is called before each.
func (m *memory) Resend(ctx context.Context, s ppm.Selection, dry bool, by string, step func(ppm.Resending) error) error {
	for _, d := range m.dead {
		if s.Client != 0 && d.Client != s.Client || len(s.Receipts) > 0 && !slices.Contains(s.Receipts, d.Receipt) {
			continue
		}
		if !dry && m.slow != nil {
			m.slow(ctx)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !dry {
			m.mu.Lock()
			m.done = append(m.done, by+" sent "+string(d.Receipt))
			m.mu.Unlock()
		}
		if err := step(ppm.Resending{DeliveryName: d.DeliveryName, From: d.State}); err != nil {
			return err
		}
	}
	return nil
}
