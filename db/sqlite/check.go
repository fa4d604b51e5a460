package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"processmanager/db"
)

// check goes through all of the database at path, which nobody else has open:
// SQLite's own check of its structure, and every notification against its
// identity and the hash of its body, which no check of the structure can see.
func check(ctx context.Context, path string) (err error) {
	// Immutable: no locks and no shared memory, which a network drive lacks.
	pool, err := openReaders(path, "mode=ro&immutable=1&_dqs=0")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	var verdict string
	if err := pool.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", db.ErrDamaged, verdict)
	}
	return checkBodies(ctx, pool)
}

func checkBodies(ctx context.Context, pool *sql.DB) error {
	rows, err := pool.QueryContext(ctx, `SELECT `+recordColumns+`, body FROM notification`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var body sql.RawBytes
	for rows.Next() {
		r, err := scanRow(rows, &body)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(body); body != nil && !bytes.Equal(sum[:], r.bodySum) {
			return damaged(r.id)
		}
	}
	return rows.Err()
}
