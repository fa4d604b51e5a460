package config

import (
	"slices"
	"strings"
)

// noSuch returns what is wrong with an unknown name and, if some of the known
// ones come near it, what may have been meant.
func noSuch(kind, name string, known []string) complaint {
	c := complaint{"no such " + kind, `"ppm config list" shows all there are`}
	if near := nearest(name, known); len(near) > 0 {
		c.remedy = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return c
}

// nearest returns the known names that a person who wrote name most likely
// meant: those one slip or two away, else those that are right but for the section.
func nearest(name string, known []string) []string {
	name = strings.ToLower(name)
	best := 1 + min(3, len(name)/4)
	var near []string
	for _, k := range known {
		if max(len(k)-len(name), len(name)-len(k)) > best {
			continue // also keeps the cost of absurdly long names down
		}
		switch d := distance(name, strings.ToLower(k)); {
		case d < best:
			best, near = d, []string{k}
		case d == best && len(near) > 0:
			near = append(near, k)
		}
	}
	if len(near) > 0 {
		return near
	}
	for _, k := range known {
		if lastPart(k) == lastPart(name) {
			near = append(near, k)
		}
	}
	return near
}

func lastPart(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// distance is how many letters must be put in, taken out or replaced to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + slices.Min([]int{diagonal, row[j], row[j+1]})
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
