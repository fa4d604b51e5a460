package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// resendStep is how many deliveries a transaction puts on their way again.
const resendStep = 32

// Resend implements [db.Store]. What it is given may take several transactions.
func (s *Store) Resend(_ context.Context, names []ppm.DeliveryName, confirmed bool) ([]ppm.Resending, error) {
	answers := make([]ppm.Resending, 0, len(names))
	for len(names) > 0 {
		part := names[:min(resendStep, len(names))]
		var some []ppm.Resending
		err := s.later(recordRows*len(part), 0, func(b *batch) (err error) {
			some, err = b.resendAll(part, confirmed, time.Now())
			return err
		})
		if err != nil {
			return answers, fmt.Errorf("send again: %w", err)
		}
		answers, names = append(answers, some...), names[len(part):]
	}
	return answers, nil
}

// A resending is a delivery that may be put on its way again.
type resending struct {
	ppm.Resending
	id      int64 // of the notification
	state   int64 // 0: there is no such delivery yet
	fetch   int64 // the state of the fetching; 0: the application is not to be fetched
	ordered bool
	needsIt bool // it gave up for want of data, or goes with data that are not there
}

func (b *batch) resendAll(names []ppm.DeliveryName, confirmed bool, now time.Time) ([]ppm.Resending, error) {
	var answers []ppm.Resending
	for _, name := range names {
		r, err := b.toResend(name, confirmed)
		if err == nil && r.Refused == "" {
			err = b.resend(r, now)
		}
		if err != nil {
			return nil, fmt.Errorf("delivery %s: %w", name.Key(), err)
		}
		answers = append(answers, r.Resending)
	}
	return answers, nil
}

const resendQuery = `
	SELECT n.application, n.identity, n.body IS NULL,
		n.id > (SELECT value FROM tally WHERE name = 'routed') AND NOT (SELECT value FROM tally WHERE name = 'idle'),
		coalesce(d.state, 0), coalesce(d.queued, 0), coalesce(f.state, 0),
		c.name, c.ordered, c.id > 0 AND c.removed_at IS NOT NULL,
		c.data AND NOT EXISTS (SELECT 1 FROM fetch WHERE fetch.notification = n.id AND data IS NOT NULL)
	FROM notification AS n
		JOIN client AS c ON c.id = ?2
		LEFT JOIN delivery AS d ON d.notification = n.id AND d.client = c.id
		LEFT JOIN delivery AS f ON f.notification = n.id AND f.client = 0
	WHERE n.id = ?1`

// toResend looks at a delivery, and says so in it if it cannot be sent again.
func (b *batch) toResend(name ppm.DeliveryName, confirmed bool) (r resending, err error) {
	if r.id, err = name.Receipt.Number(); err != nil {
		return r, err
	}
	v, err := b.row(resendQuery, r.id, name.Client)
	if errors.Is(err, io.EOF) {
		return r, db.ErrNotFound // the notification or the client
	}
	if err != nil {
		return r, err
	}
	identity, _ := v[1].([]byte)
	if len(identity) != ppm.IdentitySize || !name.Receipt.Names(r.id, ppm.Identity(identity)) {
		return r, db.ErrNotFound
	}
	is := func(i int) bool { return number(v[i]) != 0 }
	r.Receipt, r.Client = ppm.NewReceipt(r.id, ppm.Identity(identity)), name.Client
	r.Application, _ = v[0].(string)
	r.Name, _ = v[7].(string)
	r.state, r.fetch = number(v[4]), number(v[6])
	r.From = states[r.state]
	r.ordered = is(8)
	wantOfData := r.state == stateGaveUp && is(5)
	r.needsIt = wantOfData || is(10) && r.fetch != 0 && r.fetch != stateDelivered
	switch {
	case is(9):
		r.Refused = "the client has been removed"
	case is(3):
		r.Refused = "the notification has not been looked at yet"
	case r.state == stateWaiting || r.state == stateNeedsData:
		r.Refused = "it is on its way already"
	case r.state == stateDelivered && !confirmed && r.Client == ppm.ClearmatchAPI:
		r.Refused = "it has been fetched"
	case r.state == stateDelivered && !confirmed:
		r.Refused = "the client has confirmed it"
	case is(2):
		r.Refused = "its content has been erased or has expired"
	}
	return r, nil
}

// resend puts a delivery on its way, and the fetching of what it needs.
func (b *batch) resend(r resending, now time.Time) error {
	var left remains
	to := int64(stateWaiting)
	if r.needsIt {
		to = stateNeedsData
		// Where it is being fetched just now, that begins again: nobody would
		// decide about this delivery.
		if err := b.again(r, ppm.ClearmatchAPI, true, stateWaiting, now); err != nil {
			return err
		}
		left.count(r.fetch, stateWaiting)
		b.client(ppm.ClearmatchAPI).count(r.fetch, stateWaiting)
	}
	if err := b.again(r, r.Client, r.ordered, to, now); err != nil {
		return err
	}
	left.count(r.state, to)
	b.client(r.Client).count(r.state, to)
	return b.work(r.id, left, now)
}

// again begins a delivery from its beginning, or makes it. Whoever is at it
// loses the lease.
func (b *batch) again(r resending, client int64, ordered bool, state int64, now time.Time) error {
	queued := state == stateNeedsData
	if ordered && !queued {
		first, found, err := b.first(client, r.Application)
		if err != nil {
			return err
		}
		queued = found && first.notification != r.id
	}
	var next driver.Value
	if !queued {
		next = micros(now)
		b.changed[db.Deliveries] = true
	}
	_, err := b.exec(`
		INSERT INTO delivery (notification, client, application, state, queued, next_attempt, changed_at, rule, reason)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, 'asked for by a person')
		ON CONFLICT (notification, client) DO UPDATE
		SET state = excluded.state, queued = excluded.queued, next_attempt = excluded.next_attempt, claim = 0,
			failed = 0, first_attempt = NULL, changed_at = excluded.changed_at, error = '',
			rule = iif(state = 5, 0, rule), reason = iif(state = 5, excluded.reason, reason)`,
		r.id, client, r.Application, state, queued, next, micros(now))
	if err != nil {
		return err
	}
	return b.advance(client, r.Application, now)
}
