package db

import (
	"context"
	"time"

	"processmanager/ppm"
)

// Book is what people look things up in. Each answer costs about the same with
// ten notifications as with ten million.
type Book interface {
	// Browse returns a page of the notifications that fit q. It looks at no more
	// than it can in a moment: a page that is not full and has a Next goes on
	// there. Order is always newest first.
	Browse(ctx context.Context, q ppm.Query, p ppm.Page) (ppm.Finding, error)

	// ViewCounts returns how many notifications are in some views, up to a bound.
	ViewCounts(ctx context.Context) (ppm.ViewCounts, error)

	// Pace returns how many notifications arrived in each of so many equal
	// stretches of the time from since to until.
	Pace(ctx context.Context, since, until time.Time, stretches int) ([]ppm.Stretch, error)
}
