package sqlite

import "fmt"

// endIdle ends the time in which nobody wanted anything. What arrived in it
// stays complete: it counts as routed.
func (b *batch) endIdle() error {
	values, err := b.row(`SELECT value FROM tally WHERE name = 'idle'`)
	if err != nil || number(values[0]) == 0 {
		return err
	}
	_, err = b.exec(`
		UPDATE tally
		SET value = CASE name WHEN 'routed' THEN (SELECT coalesce(max(id), 0) FROM notification) ELSE 0 END
		WHERE name IN ('routed', 'idle')`)
	if err != nil {
		return fmt.Errorf("end idling: %w", err)
	}
	return nil
}
