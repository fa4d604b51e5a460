package sqlite

import (
	"context"
	"fmt"

	"processmanager/ppm"
)

// Fetching implements [db.Clients].
func (s *Store) Fetching(ctx context.Context) (ppm.ClientHealth, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var h ppm.ClientHealth
	err := s.read.QueryRowContext(ctx, `
		SELECT `+healthColumns+`
		FROM client
		WHERE id = ?`, ppm.ClearmatchAPI).Scan(scanHealth(&h)...)
	if err != nil {
		return h, fmt.Errorf("look at how fetching goes: %w", plain(err))
	}
	return h, nil
}
