package rule

import (
	"fmt"
	"slices"
	"strings"
)

// meant returns ": did you mean …?" with the one of known that comes nearest to
// name, or nothing if none comes near.
func meant(name string, known []string) string {
	best, near := 2+min(2, len(name)/5), ""
	for _, k := range slices.Sorted(slices.Values(known)) {
		if max(len(k)-len(name), len(name)-len(k)) >= best {
			continue
		}
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < best {
			best, near = d, k
		}
	}
	if near == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %s?", near)
}

// distance is how many letters must be put in, taken out, replaced or swapped
// with their neighbour to turn a into b.
func distance(a, b string) int {
	above, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			d := row[j]
			if a[i] != b[j] {
				d = 1 + min(row[j], row[j+1], next[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, above[j-1]+1)
			}
			next[j+1] = d
		}
		above, row, next = row, next, above
	}
	return row[len(b)]
}
