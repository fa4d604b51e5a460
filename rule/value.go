package rule

import (
	"encoding/json"
	"math"
	"strconv"
)

// A number is a whole one where it fits into 64 bits, else a floating one, and
// how it was written where it came from the data.
type number struct {
	whole   bool
	i       int64
	f       float64
	written string
}

func whole(i int64) number      { return number{whole: true, i: i} }
func floating(f float64) number { return number{f: f} }

func (n number) float() float64 {
	if n.whole {
		return float64(n.i)
	}
	return n.f
}

func (n number) String() string {
	switch abs := math.Abs(n.f); {
	case n.written != "":
		return n.written
	case n.whole:
		return strconv.FormatInt(n.i, 10)
	case abs < 1e15:
		return strconv.FormatFloat(n.f, 'f', -1, 64)
	default:
		return strconv.FormatFloat(n.f, 'g', -1, 64)
	}
}

// parse reads a number of the data. One too large for a float is infinite.
func parse(written json.Number) number {
	if i, err := strconv.ParseInt(string(written), 10, 64); err == nil {
		return number{whole: true, i: i, written: string(written)}
	}
	f, _ := strconv.ParseFloat(string(written), 64)
	return number{f: f, written: string(written)}
}

// known turns a value as it is in the data into one to reckon with.
func known(v any) any {
	if n, ok := v.(json.Number); ok {
		return parse(n)
	}
	return v
}

func kindOf(v any) kind {
	switch v.(type) {
	case nil:
		return nothing
	case bool:
		return boolean
	case number, json.Number:
		return numeric
	case string:
		return text
	case []any:
		return list
	default:
		return object
	}
}

// less compares two numbers: whole ones as such, since floats lose digits.
func (n number) less(m number) bool {
	if n.whole && m.whole {
		return n.i < m.i
	}
	return n.float() < m.float()
}

func (n number) equal(m number) bool {
	if n.whole && m.whole {
		return n.i == m.i
	}
	return n.float() == m.float()
}

// equal compares two values of any kind, lists and objects by what is in them.
func (r *run) equal(a, b any) (bool, error) {
	a, b = known(a), known(b)
	if err := r.spend(1); err != nil {
		return false, err
	}
	switch a := a.(type) {
	case nil:
		return b == nil, nil
	case bool:
		b, ok := b.(bool)
		return ok && a == b, nil
	case string:
		b, ok := b.(string)
		return ok && a == b, r.spend(len(a) / bytesAStep)
	case number:
		b, ok := b.(number)
		return ok && a.equal(b), nil
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false, nil
		}
		for i := range a {
			if same, err := r.equal(a[i], b[i]); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false, nil
		}
		for name, value := range a {
			other, ok := b[name]
			if !ok {
				return false, nil
			}
			if same, err := r.equal(value, other); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	return false, nil
}
