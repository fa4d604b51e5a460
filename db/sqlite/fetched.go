package sqlite

import (
	"database/sql/driver"
	"fmt"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// noLongerWanted is why a client that waited for data gets nothing when nobody
// has decided for it.
const noLongerWanted = "when the data had been fetched, the client was removed or had no rules any more"

// fetched has the deliveries of a notification that waited for its application's
// data go on as decided, or, if fetching gave up, makes them dead letters. It
// notes in left what that changes.
func (b *batch) fetched(id int64, a ppm.Attempt, left *remains) error {
	if a.Err == nil {
		_, err := b.exec(`
			INSERT INTO fetch (notification, nth, fetched_at, data)
			VALUES (?1, (SELECT coalesce(max(nth), 0) + 1 FROM fetch WHERE notification = ?1), ?2, ?3)`,
			id, micros(a.Began.Add(a.Took)), append([]byte{}, a.Response.Data...)) // not NULL
		if err != nil {
			return fmt.Errorf("keep the data: %w", err)
		}
	}
	waiting, err := b.all(undecidedQuery, id)
	if err != nil || len(waiting) == 0 {
		return err
	}
	ordered, err := b.ordered()
	if err != nil {
		return err
	}
	decisions := make(map[int64]ppm.Decision, len(waiting))
	for _, d := range a.Response.Decisions {
		decisions[d.Client] = d
	}
	for _, values := range waiting {
		client := number(values[0])
		d, decided := decisions[client]
		if !decided {
			d = ppm.Decision{Outcome: ppm.Unwanted, Reason: noLongerWanted}
		}
		state := outcomes[d.Outcome]
		if a.Err != nil {
			state, err = stateGaveUp, b.notFetched(id, client, a)
		} else {
			if state == stateNeedsData { // it would wait for ever
				state = stateGaveUp
			}
			err = b.decide(id, client, state, d, ordered[client], a.After.Changed)
		}
		if err == nil {
			err = b.advance(client, a.Before.Application, a.After.Changed)
		}
		if err != nil {
			return fmt.Errorf("client %d: %w", client, err)
		}
		b.client(client).count(stateNeedsData, state)
		left.count(stateNeedsData, state)
	}
	return nil
}

// decide changes a delivery that waited for data to what was decided. Its
// place in the line of an ordered client is left to advance.
func (b *batch) decide(id, client, state int64, d ppm.Decision, ordered bool, now time.Time) error {
	var next driver.Value
	if state == stateWaiting && !ordered {
		next = micros(now)
		b.changed[db.Deliveries] = true
	}
	_, err := b.exec(`
		UPDATE delivery
		SET state = ?, queued = ?, next_attempt = ?, changed_at = ?, rule = ?, reason = ?
		WHERE notification = ? AND client = ?`,
		state, state == stateWaiting && ordered, next, micros(now), d.Rule, d.Reason, id, client)
	return err
}

// notFetched gives a delivery up for want of data. It stays queued, which says so.
func (b *batch) notFetched(id, client int64, a ppm.Attempt) error {
	_, err := b.exec(`
		UPDATE delivery
		SET state = 4, changed_at = ?, error = ?
		WHERE notification = ? AND client = ?`,
		micros(a.After.Changed), "could not get the application from Clearmatch: "+a.After.Error, id, client)
	return err
}
