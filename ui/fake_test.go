package ui

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// memory is a store in memory, newest last. fail, if set, is what List returns
// once failAfter pages have been read.
type memory struct {
	Desk      // what a test does not ask for
	kept      []ppm.Detail
	rejected  []ppm.Rejection
	pages     int
	fail      error
	failAfter int
	steps     int                       // of a backup
	block     func(ctx context.Context) // called by Backup
	trouble   string                    // why nothing can be kept
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// remember returns a memory of n notifications, one a second from noon on.
func remember(n int) *memory {
	m := &memory{}
	for i := range n {
		notification := ppm.Notification{
			Application: fmt.Sprintf("A%06d", i+1), Type: "batchApplicationStatusChange",
			Partner: "XXXXXXXX", EventTime: "2017-01-01T00:00:00",
		}
		body := fmt.Sprintf(`{"id":%q,"note":"<Ünïcode & more>"}`, notification.Application)
		sum := sha256.Sum256([]byte(body))
		m.kept = append(m.kept, ppm.Detail{
			Record: ppm.Record{
				Receipt: ppm.NewReceipt(int64(i+1), notification.Identity()), Notification: notification,
				ReceivedAt: noon.Add(time.Duration(i) * time.Second), Arrivals: 1,
				BodySHA256: hex.EncodeToString(sum[:]), Status: ppm.Complete,
			},
			From: "192.0.2.1", Body: body,
		})
	}
	return m
}

func (m *memory) List(ctx context.Context, p ppm.Page) ([]ppm.Record, error) {
	m.pages++
	if m.fail != nil && m.pages > m.failAfter {
		return nil, m.fail
	}
	var list []ppm.Record
	for _, d := range m.kept {
		list = append(list, d.Record)
	}
	if !p.OldestFirst {
		slices.Reverse(list)
	}
	if p.After != "" {
		i := slices.IndexFunc(list, func(r ppm.Record) bool { return r.Receipt == p.After })
		if i < 0 {
			return nil, fmt.Errorf("%s: %w", p.After, db.ErrNotFound)
		}
		list = list[i+1:]
	}
	return list[:min(p.Limit, len(list))], ctx.Err()
}

func (m *memory) Find(_ context.Context, r ppm.Receipt) (ppm.Detail, error) {
	if _, err := r.Number(); err != nil {
		return ppm.Detail{}, err
	}
	for _, d := range m.kept {
		if d.Receipt == r {
			return d, nil
		}
	}
	return ppm.Detail{}, fmt.Errorf("%s: %w", r, db.ErrNotFound)
}

func (m *memory) Search(ctx context.Context, text string, p ppm.Page) ([]ppm.Record, int64, error) {
	list, err := m.List(ctx, p)
	return slices.DeleteFunc(list, func(r ppm.Record) bool { return !strings.Contains(r.Application, text) }), 7, err
}

func (m *memory) Rejections(_ context.Context, before int64, limit int) ([]ppm.Rejection, error) {
	var list []ppm.Rejection
	for _, r := range m.rejected {
		if (before == 0 || r.ID < before) && len(list) < limit {
			list = append(list, r)
		}
	}
	return list, nil
}

func (m *memory) Backup(ctx context.Context, order BackupOrder, progress func(done, total int)) (ppm.Backup, error) {
	for i := range m.steps {
		progress(i+1, m.steps)
	}
	if m.block != nil {
		m.block(ctx)
	}
	if strings.HasSuffix(order.To, "taken.db") {
		return ppm.Backup{}, errors.New("there is such a file already")
	}
	return ppm.Backup{File: order.To, Bytes: 7}, ctx.Err()
}

func (m *memory) status(context.Context) (Status, error) {
	st := Status{Version: "1.2.3", Running: true, Health: Healthy, Data: "/data"}
	st.Accepted = int64(len(m.kept))
	if m.trouble != "" {
		st.Health = m.trouble
	}
	return st, nil
}

func receipts(list []ppm.Record) []ppm.Receipt {
	var rs []ppm.Receipt
	for _, r := range list {
		rs = append(rs, r.Receipt)
	}
	return rs
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (m *memory) Rejection(_ context.Context, id int64) (ppm.Rejection, error) {
	for _, r := range m.rejected {
		if r.ID == id {
			return r, nil
		}
	}
	return ppm.Rejection{}, fmt.Errorf("rejection %d: %w", id, db.ErrNotFound)
}
