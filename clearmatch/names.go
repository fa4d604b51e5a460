package clearmatch

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// A name is that of a member: as it is compared, and where it stands.
type name struct {
	text []byte
	at   int
}

// fold returns text with each character replaced by the one that stands for
// all that differ from it only in case: the lower-case letter for A to Z and
// whatever folds to one of them (the Kelvin sign, the long s), else the lowest.
func (p *parser) fold(text []byte) []byte {
	start := len(p.scratch)
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			p.scratch = append(p.scratch, lower(c))
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		for up := unicode.SimpleFold(r); ; up = unicode.SimpleFold(r) {
			wrapped := up <= r
			r = up
			if wrapped {
				break
			}
		}
		if r < utf8.RuneSelf {
			r = rune(lower(byte(r)))
		}
		p.scratch = utf8.AppendRune(p.scratch, r)
	}
	return p.scratch[start:len(p.scratch):len(p.scratch)]
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Up to so many names are compared each with each; more are sorted first, or a
// body of many names would keep a processor busy for minutes.
const fewNames = 16

// twice refuses the names of one object if two are the same. It may reorder them.
func (p *parser) twice(names []name) *Fault {
	if len(names) <= fewNames {
		for i, later := range names {
			for _, earlier := range names[:i] {
				if bytes.Equal(earlier.text, later.text) {
					return p.nameTwice(earlier.at, later.at)
				}
			}
		}
		return nil
	}
	slices.SortFunc(names, func(a, b name) int {
		return cmp.Or(bytes.Compare(a.text, b.text), cmp.Compare(a.at, b.at))
	})
	earlier, later := 0, len(p.in)
	for i := 1; i < len(names); i++ {
		if names[i].at < later && bytes.Equal(names[i-1].text, names[i].text) {
			earlier, later = names[i-1].at, names[i].at
		}
	}
	if later == len(p.in) {
		return nil
	}
	return p.nameTwice(earlier, later)
}

// nameTwice tells of the name at later that it had come before.
func (p *parser) nameTwice(earlier, later int) *Fault {
	line, column := p.place(earlier)
	first, second := p.nameAt(earlier), p.nameAt(later)
	if first == second {
		return p.fault(later, fmt.Sprintf("the name %s is given twice in one object; first on line %d, column %d", second, line, column))
	}
	return p.fault(later, fmt.Sprintf("the name %s is the same as %s on line %d, column %d: case makes no difference", second, first, line, column))
}
