package clearmatch

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/bits"
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

// Up to so many names are compared each with each. That is quickest for a few,
// but for the hundred thousand that a body has room for it would take seconds.
const fewNames = 16

// twice refuses the names of one object if two are the same.
func (p *parser) twice(names []name) *Fault {
	if len(names) > fewNames {
		return p.twiceInMany(names)
	}
	for i, later := range names {
		for _, earlier := range names[:i] {
			if bytes.Equal(earlier.text, later.text) {
				return p.nameTwice(earlier.at, later.at)
			}
		}
	}
	return nil
}

// A sender who does not know the seed can't choose names that collide.
var seed = maphash.MakeSeed()

// twiceInMany does what twice does with a hash table: open, at most half full,
// holding indexes into names from 1. A map would copy every name.
func (p *parser) twiceInMany(names []name) *Fault {
	table := make([]int32, 1<<bits.Len(uint(2*len(names))))
	mask := uint64(len(table) - 1)
	for i, later := range names {
		h := maphash.Bytes(seed, later.text) & mask
		for ; table[h] != 0; h = (h + 1) & mask {
			if earlier := names[table[h]-1]; bytes.Equal(earlier.text, later.text) {
				return p.nameTwice(earlier.at, later.at)
			}
		}
		table[h] = int32(i + 1)
	}
	return nil
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
