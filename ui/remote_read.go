package ui

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"processmanager/ppm"
)

// Status returns what the service tells of itself.
func (c *Remote) Status(ctx context.Context) (st Status, err error) {
	return st, c.get(ctx, "status", nil, &st)
}

// List returns a page of the notifications.
func (c *Remote) List(ctx context.Context, p ppm.Page) ([]ppm.Record, error) {
	var page records
	err := c.get(ctx, "notifications", pageQuery(p), &page)
	return page.Notifications, err
}

// Find returns one notification.
func (c *Remote) Find(ctx context.Context, r ppm.Receipt) (d ppm.Detail, err error) {
	return d, c.get(ctx, "notifications/"+url.PathEscape(string(r)), nil, &d)
}

// Search returns a page of the notifications in which every word of text occurs.
func (c *Remote) Search(ctx context.Context, text string, p ppm.Page) ([]ppm.Record, int64, error) {
	q := pageQuery(p)
	q.Set("text", text)
	var page records
	err := c.get(ctx, "search", q, &page)
	return page.Notifications, page.Behind, err
}

// Rejections returns what could not be used, without the bodies.
func (c *Remote) Rejections(ctx context.Context, before int64, limit int) ([]ppm.Rejection, error) {
	var page rejections
	err := c.get(ctx, "rejections", belowQuery(before, limit), &page)
	return page.Rejections, err
}

// Rejection returns one of them with its body.
func (c *Remote) Rejection(ctx context.Context, id int64) (r ppm.Rejection, err error) {
	return r, c.get(ctx, "rejections/"+strconv.FormatInt(id, 10), nil, &r)
}

// Export does what [Export] does, as one streamed answer.
func (c *Remote) Export(ctx context.Context, e Exports, yield func(Exported) error) error {
	q := url.Values{"body": {strconv.FormatBool(e.Body)}}
	if !e.Since.IsZero() {
		q.Set("since", e.Since.Format(time.RFC3339Nano))
	}
	return c.stream(ctx, http.MethodGet, "export", q, nil, func(l line) error {
		if l.Exported == nil {
			return nil
		}
		return yield(*l.Exported)
	})
}

// Backup has the service make a backup.
func (c *Remote) Backup(ctx context.Context, order BackupOrder, progress func(done, total int)) (made ppm.Backup, err error) {
	err = c.stream(ctx, http.MethodPost, "backup", nil, order, func(l line) error {
		if progress != nil && l.Done != nil && l.Total != nil {
			progress(*l.Done, *l.Total)
		}
		return l.into(&made)
	})
	return made, err
}

func pageQuery(p ppm.Page) url.Values {
	q := url.Values{"limit": {strconv.Itoa(p.Limit)}}
	if p.After != "" {
		q.Set("after", string(p.After))
	}
	if p.OldestFirst {
		q.Set("order", "oldest")
	}
	return q
}

// DeadLetters returns a page of the deliveries that gave up.
func (c *Remote) DeadLetters(ctx context.Context, client int64, after ppm.DeliveryName, limit int) ([]ppm.Delivery, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if client >= 0 {
		q.Set("client", strconv.FormatInt(client, 10))
	}
	if after.Receipt != "" {
		q.Set("after", string(after.Receipt))
		q.Set("afterClient", strconv.FormatInt(after.Client, 10))
	}
	var page deadLetters
	err := c.get(ctx, "deadletters", q, &page)
	return page.DeadLetters, err
}

// Actions returns a page of what people did.
func (c *Remote) Actions(ctx context.Context, about string, before int64, limit int) ([]ppm.Action, error) {
	q := belowQuery(before, limit)
	if about != "" {
		q.Set("about", about)
	}
	var page actions
	err := c.get(ctx, "actions", q, &page)
	return page.Actions, err
}

// belowQuery asks for a part of a list by the number where the last part ended.
func belowQuery(before int64, limit int) url.Values {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	return q
}
