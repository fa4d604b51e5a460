package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
)

// When SQLite moves rows from one page to another, to make room or to fill a
// page, copies of them stay behind in the gap of the page that they have left,
// between the list of its rows and the first of them. secure_delete does not
// know of these: it overwrites a row where it lies in the end. So erasing looks
// at all pages and blanks what is in their gaps. See
// https://www.sqlite.org/fileformat2.html#b_tree_pages.

const (
	sweepStep = 10_000 // pages looked at in one read
	wipeStep  = 50     // pages blanked in one transaction
)

// gap returns the part of a page of that number that is nobody's; nil if it is
// no page of a table or an index.
func gap(page []byte, number int64) []byte {
	header := 0
	if number == 1 {
		header = 100 // of the file
	}
	if len(page) < header+12 {
		return nil
	}
	size := 0
	switch page[header] {
	case 2, 5: // with further pages below
		size = 12
	case 10, 13:
		size = 8
	default: // its number in the chain; there are no files of 128 GiB
		return nil
	}
	rows := int(binary.BigEndian.Uint16(page[header+3:]))
	first := int(binary.BigEndian.Uint16(page[header+5:]))
	if first == 0 {
		first = 1 << 16
	}
	begin := header + size + 2*rows
	if begin > first || first > len(page) {
		return nil
	}
	return page[begin:first]
}

// dirty reports whether something is in a gap.
func dirty(gap []byte) bool {
	return slices.ContainsFunc(gap, func(b byte) bool { return b != 0 })
}

// sweep looks through all pages over the connections of from, and has wipe
// blank the gaps of those of these numbers.
func sweep(ctx context.Context, from *sql.DB, wipe func(numbers []int64) error) error {
	var pages int64
	if err := from.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil {
		return err
	}
	for first := int64(1); first <= pages; first += sweepStep {
		numbers, err := dirtyPages(ctx, from, first, min(pages, first+sweepStep-1))
		if err != nil {
			return err
		}
		for part := range slices.Chunk(numbers, wipeStep) {
			if err := wipe(part); err != nil {
				return fmt.Errorf("blank what is left in the pages: %w", err)
			}
		}
	}
	return nil
}

// dirtyPages returns the numbers of the pages from first to last in whose gaps
// something is.
func dirtyPages(ctx context.Context, from *sql.DB, first, last int64) (numbers []int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows, err := from.QueryContext(ctx, `
		WITH RECURSIVE page (number) AS (
			SELECT ?1
			UNION ALL
			SELECT number + 1 FROM page WHERE number < ?2)
		SELECT number, data
		FROM page
			JOIN sqlite_dbpage ON pgno = number`, first, last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var number int64
	var page sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&number, &page); err != nil {
			return nil, err
		}
		if dirty(gap(page, number)) {
			numbers = append(numbers, number)
		}
	}
	return numbers, rows.Err()
}

const (
	readPage  = `SELECT data FROM sqlite_dbpage WHERE pgno = ?`
	writePage = `UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?`
)

// wipe blanks the gaps of those pages as they are now.
func (b *batch) wipe(numbers []int64) error {
	for _, n := range numbers {
		values, err := b.row(readPage, n)
		if err != nil {
			return err
		}
		page, _ := values[0].([]byte)
		if g := gap(page, n); dirty(g) {
			clear(g)
			if _, err := b.exec(writePage, page, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// wipe is that of a batch, for the index. The caller holds mu.
func (x *index) wipe(ctx context.Context, numbers []int64) error {
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, n := range numbers {
		var page []byte
		if err := tx.QueryRowContext(ctx, readPage, n).Scan(&page); err != nil {
			return err
		}
		if g := gap(page, n); dirty(g) {
			clear(g)
			if _, err := tx.ExecContext(ctx, writePage, page, n); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
