package sqlite

import "path/filepath"

// CreateOlder makes the database of dir as an earlier version did.
func CreateOlder(dir string, schema int) error {
	return create(filepath.Join(dir, FileName), migrations[:schema])
}
