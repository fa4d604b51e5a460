package ui

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"processmanager/ppm"
)

// Exports says what to export.
type Exports struct {
	Since time.Time // received at or after; zero: from the first
	Body  bool      // with the bodies
}

// An Exported notification is one line of an export.
type Exported struct {
	ppm.Record
	Body *string `json:"body,omitempty"` // only when asked for; empty when erased
}

// exportPage is how many are read at a time. Each page is a read of its own: a
// single long one would keep the store from tidying up behind it.
const exportPage = 500

// Export calls yield for each notification, oldest first, until there are no
// more or yield returns an error.
func Export(ctx context.Context, from Reader, e Exports, yield func(Exported) error) error {
	after, err := before(ctx, from, e.Since)
	if err != nil {
		return err
	}
	for {
		page, err := from.List(ctx, ppm.Page{After: after, Limit: exportPage, OldestFirst: true})
		if err != nil {
			return err
		}
		for _, record := range page {
			if record.ReceivedAt.Before(e.Since) {
				continue
			}
			x := Exported{Record: record}
			if e.Body {
				detail, err := from.Find(ctx, record.Receipt)
				if err != nil {
					return err
				}
				x.Body = &detail.Body
			}
			if err := yield(x); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		after = page[len(page)-1].Receipt
	}
}

// before returns a notification after which everything received since is to be
// found, looking back from the newest so that the last day of ten million costs
// a day.
func before(ctx context.Context, from Reader, since time.Time) (ppm.Receipt, error) {
	if since.IsZero() {
		return "", nil
	}
	after := ppm.Receipt("")
	for {
		page, err := from.List(ctx, ppm.Page{After: after, Limit: exportPage})
		if err != nil {
			return "", err
		}
		for _, record := range page {
			if record.ReceivedAt.Before(since.Add(-ppm.ClockSlack)) {
				return record.Receipt, nil
			}
		}
		if len(page) < exportPage {
			return "", nil
		}
		after = page[len(page)-1].Receipt
	}
}

func (s *Server) apiExport(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	e := Exports{}
	e.Body, _ = strconv.ParseBool(q.Get("body"))
	if v := q.Get("since"); v != "" {
		var err error
		if e.Since, err = time.Parse(time.RFC3339Nano, v); err != nil {
			s.fault(w, r, badRequest("since: give a time such as 2026-01-31T00:00:00Z"))
			return
		}
	}
	l := newLines(w)
	err := Export(r.Context(), s.store, e, func(x Exported) error {
		return l.write(line{Exported: &x})
	})
	s.finish(w, r, l, err)
}
