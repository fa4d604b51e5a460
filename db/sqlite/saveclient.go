package sqlite

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// change has apply written, which changes what somebody has set, and with it
// perhaps what is due.
func (s *Store) change(apply func(*batch) error) error {
	return s.later(1, 0, func(b *batch) error {
		b.changed[db.Settings], b.changed[db.Deliveries] = true, true
		return apply(b)
	})
}

func nowMicros() int64 { return micros(time.Now()) }

// SaveClient implements [db.Clients]. Settings that are nil are kept as {}.
func (s *Store) SaveClient(_ context.Context, c ppm.Client, by string) (int64, error) {
	if err := ppm.CheckName(c.Name); err != nil {
		return 0, err
	}
	if len(c.Settings) == 0 {
		c.Settings = json.RawMessage("{}")
	}
	if _, err := members(c.Settings); err != nil {
		return 0, fmt.Errorf("client %s: its settings are no JSON object: %w", c.Name, err)
	}
	if c.Secrets == nil {
		c.Secrets = map[string]string{}
	}
	number := c.Number
	err := s.change(func(b *batch) error {
		if err := b.nameIsFree(c.Name, c.Number); err != nil {
			return err
		}
		var err error
		if c.Number == 0 {
			number, err = b.addClient(c, by)
		} else {
			err = b.changeClient(c, by)
		}
		if err != nil {
			return err
		}
		return b.endIdle()
	})
	if err != nil {
		return 0, err
	}
	return number, nil
}

// nameIsFree returns [db.ErrExists] if a client other than that number has the
// name. The index over the names folds only the capitals of ASCII.
func (b *batch) nameIsFree(name string, number int64) error {
	values, err := b.row(`SELECT json_group_array(name) FROM client WHERE removed_at IS NULL AND id <> ?`, number)
	if err != nil {
		return fmt.Errorf("look for other clients: %w", err)
	}
	var taken []string
	if err := (asJSON{&taken}).Scan(values[0]); err != nil {
		return fmt.Errorf("look for other clients: %w", err)
	}
	for _, other := range taken {
		if ppm.SameName(other, name) {
			return declined{fmt.Errorf("a client named %s %w; choose another name", other, db.ErrExists)}
		}
	}
	return nil
}

// clientInUse returns a client that has not been removed.
func (b *batch) clientInUse(id int64) (ppm.Client, error) {
	v, err := b.row(`
		SELECT name, kind, data, ordered, concurrency, per_minute, held, settings, secrets, backoff
		FROM client
		WHERE id = ? AND id <> ? AND removed_at IS NULL`, id, int64(ppm.ClearmatchAPI))
	if errors.Is(err, io.EOF) {
		return ppm.Client{}, declined{fmt.Errorf("client %d: %w", id, db.ErrNotFound)}
	}
	if err != nil {
		return ppm.Client{}, fmt.Errorf("client %d: %w", id, err)
	}
	is := func(v driver.Value) bool { return number(v) != 0 }
	c := ppm.Client{Number: id, Name: text(v[0]), Kind: ppm.Kind(text(v[1])), Data: is(v[2]), Ordered: is(v[3]),
		Concurrency: int(number(v[4])), PerMinute: int(number(v[5])), Held: is(v[6])}
	for i, to := range []any{&c.Settings, &c.Secrets, &c.Backoff} {
		if err := (asJSON{to}).Scan(v[7+i]); err != nil {
			return ppm.Client{}, fmt.Errorf("client %d: %w", id, err)
		}
	}
	return c, nil
}

// columns returns what of c is saved, in the order of both statements.
func columns(c ppm.Client) ([]any, error) {
	secrets, err := json.Marshal(c.Secrets)
	if err != nil {
		return nil, fmt.Errorf("write the secrets as JSON: %w", err)
	}
	backoff, err := json.Marshal(c.Backoff)
	if err != nil {
		return nil, fmt.Errorf("write the back-off as JSON: %w", err)
	}
	return []any{c.Name, string(c.Kind), string(c.Settings), string(secrets), c.Data, c.Ordered, string(backoff),
		int64(c.Concurrency), int64(c.PerMinute)}, nil
}

func (b *batch) addClient(c ppm.Client, by string) (int64, error) {
	args, err := columns(c)
	if err != nil {
		return 0, err
	}
	added, err := b.exec(`
		INSERT INTO client (name, kind, settings, secrets, data, ordered, backoff, concurrency, per_minute, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append(args, nowMicros())...)
	if err != nil {
		return 0, fmt.Errorf("add client %s: %w", c.Name, err)
	}
	number, err := added.LastInsertId()
	if err != nil {
		return 0, err
	}
	return number, b.act(by, "client added", c.Name, "kind "+string(c.Kind))
}

func (b *batch) changeClient(c ppm.Client, by string) error {
	old, err := b.clientInUse(c.Number)
	if err != nil {
		return err
	}
	what := differences(old, c)
	if len(what) == 0 {
		return nil
	}
	args, err := columns(c)
	if err != nil {
		return err
	}
	_, err = b.exec(`
		UPDATE client
		SET name = ?, kind = ?, settings = ?, secrets = ?, data = ?, ordered = ?, backoff = ?, concurrency = ?, per_minute = ?
		WHERE id = ?`, append(args, c.Number)...)
	if err == nil && c.Ordered != old.Ordered {
		err = b.reorder(c)
	}
	if err != nil {
		return fmt.Errorf("change client %s: %w", c.Name, err)
	}
	return b.act(by, "client changed", c.Name, strings.Join(what, ", "))
}

// reorder makes the deliveries that are waiting fit c.Ordered: of each
// application only the first may be on its way, or each of them. Whoever has the
// lease of another than the first loses it; that delivery is made again in its turn.
// That state <= 2 is said once more lets SQLite use the index of the lines.
func (b *batch) reorder(c ppm.Client) error {
	if !c.Ordered {
		_, err := b.exec(`
			UPDATE delivery
			SET queued = 0, next_attempt = ?
			WHERE client = ? AND state <= 2 AND state = 1 AND queued = 1`, nowMicros(), c.Number)
		return err
	}
	_, err := b.exec(`
		UPDATE delivery
		SET queued = 1, next_attempt = NULL, claim = 0
		WHERE client = ?1 AND state <= 2 AND state = 1 AND queued = 0 AND EXISTS (
			SELECT 1
			FROM delivery AS earlier
			WHERE earlier.client = ?1 AND earlier.application = delivery.application AND earlier.state <= 2
				AND earlier.queued IN (0, 1) AND earlier.notification < delivery.notification)`, c.Number)
	return err
}

// differences says what changes from old to c, in words that hold no value of a
// setting: it may be a secret, whatever it is called.
func differences(old, c ppm.Client) []string {
	var what []string
	note := func(changed bool, words string, args ...any) {
		if changed {
			what = append(what, fmt.Sprintf(words, args...))
		}
	}
	note(c.Name != old.Name, "name changed from %s", old.Name)
	note(c.Kind != old.Kind, "kind changed from %s to %s", old.Kind, c.Kind)
	before, _ := members(old.Settings)
	after, _ := members(c.Settings)
	what = append(what, changed(before, after)...)
	what = append(what, changed(old.Secrets, c.Secrets)...)
	note(c.Data != old.Data, "application's data %s", onOff(c.Data))
	note(c.Ordered != old.Ordered, "order %s", onOff(c.Ordered))
	note(c.Backoff != old.Backoff, "back-off changed")
	note(c.Concurrency != old.Concurrency, "concurrency changed from %d to %d", old.Concurrency, c.Concurrency)
	note(c.PerMinute != old.PerMinute, "attempts a minute changed from %d to %d", old.PerMinute, c.PerMinute)
	return what
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// changed says which names have come, gone or got another value.
func changed(before, after map[string]string) (what []string) {
	names := maps.Clone(before)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, was := before[name]
		now, is := after[name]
		switch {
		case !was:
			what = append(what, name+" added")
		case !is:
			what = append(what, name+" removed")
		case old != now:
			what = append(what, name+" changed")
		}
	}
	return what
}

// members returns the members of a JSON object, each as JSON without spaces.
func members(object json.RawMessage) (map[string]string, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(object, &raw); err != nil {
		return nil, errors.New("it cannot be read") // the cause may quote a value
	}
	if raw == nil {
		return nil, errors.New("it is null")
	}
	compact := make(map[string]string, len(raw))
	for name, value := range raw {
		var b bytes.Buffer
		if err := json.Compact(&b, value); err != nil {
			return nil, errors.New("it cannot be read")
		}
		compact[name] = b.String()
	}
	return compact, nil
}
