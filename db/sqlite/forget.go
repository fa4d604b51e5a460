package sqlite

import (
	"fmt"
	"time"

	"processmanager/ppm"
)

// forget removes everything personal of a notification and says why in its
// place; what identifies it stays. What of it was still waiting gives up: stopped
// is how many deliveries. was reports whether its body was still there.
func (b *batch) forget(id int64, why string, now time.Time) (stopped int64, was bool, err error) {
	if err := b.forgetErrors(id, why); err != nil {
		return 0, false, err
	}
	for i, query := range []string{
		`UPDATE notification SET body = NULL WHERE id = ? AND body IS NOT NULL`,
		`UPDATE arrival SET body = NULL WHERE notification = ? AND body IS NOT NULL`,
		`UPDATE fetch SET data = NULL WHERE notification = ? AND data IS NOT NULL`,
	} {
		r, err := b.exec(query, id)
		if err != nil {
			return 0, false, fmt.Errorf("forget notification %d: %w", id, err)
		}
		if n, _ := r.RowsAffected(); i == 0 {
			was = n > 0
		}
	}
	if _, err := b.exec(`
		UPDATE attempt
		SET excerpt = NULL, error = iif(error = '', '', ?)
		WHERE notification = ?`, why, id); err != nil {
		return 0, false, fmt.Errorf("forget the attempts of notification %d: %w", id, err)
	}
	rows, err := b.all(`
		SELECT client, state, application
		FROM delivery
		WHERE notification = ?`, id)
	if err != nil {
		return 0, false, err
	}
	var left remains
	for _, values := range rows {
		client, state := number(values[0]), number(values[1])
		if state == stateWaiting || state == stateNeedsData {
			if client != ppm.ClearmatchAPI {
				stopped++
			}
			b.client(client).count(state, stateGaveUp)
			left.count(state, stateGaveUp)
			state = stateGaveUp
		}
		if err := b.forgetDelivery(id, client, state, why, now); err != nil {
			return 0, false, fmt.Errorf("forget the delivery of notification %d to client %d: %w", id, client, err)
		}
		if err := b.advance(client, text(values[2]), now); err != nil {
			return 0, false, err
		}
	}
	return stopped, was, b.work(id, left, now)
}

// forgetErrors blanks the last error of a client that it had with the
// notification: it may quote what it was about.
func (b *batch) forgetErrors(id int64, why string) error {
	_, err := b.exec(`
		UPDATE client
		SET last_error = ?1
		WHERE last_error <> '' AND (
			last_error IN (SELECT error FROM attempt WHERE notification = ?2 AND attempt.client = client.id)
			OR last_error IN (SELECT error FROM delivery WHERE notification = ?2 AND delivery.client = client.id))`, why, id)
	if err != nil {
		return fmt.Errorf("forget the errors with notification %d: %w", id, err)
	}
	return nil
}

// forgetDelivery blanks what a delivery tells of the application, and sets its state.
func (b *batch) forgetDelivery(id, client, state int64, why string, now time.Time) error {
	_, err := b.exec(`
		UPDATE delivery
		SET changed_at = iif(state = ?1, changed_at, ?2), error = iif(error = '' AND state = ?1, '', ?3),
			state = ?1, queued = 0, next_attempt = NULL, claim = 0, reason = ?3
		WHERE notification = ?4 AND client = ?5`, state, micros(now), why, id, client)
	return err
}
