package client

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A trial is whether a template is only being tried, and what then takes the
// place of the application, of which nobody knows the members beforehand.
type trial int

const (
	noTrial trial = iota
	everythingMissing
	everythingThere
)

var errMissing = errors.New(`a member is missing; ask for it by {{with …}}, or give something in its place: {{default "none" …}}`)

// functions returns the functions of templates: those that people may use, and
// those that [rewrite] puts in, which begin with a line.
func functions(t trial) map[string]any {
	all := map[string]any{
		"default": func(instead any, v any) any {
			if _, isNull := v.(null); isNull || v == nil || v == "" {
				return instead
			}
			return v
		},
		"len":   t.length,
		"index": t.index,
		"print": func(values ...any) (string, error) {
			texts, err := t.texts(values)
			return fmt.Sprintf(strings.Repeat("%s", len(texts)), texts...), err
		},
		"printf": func(format string, values ...any) (string, error) {
			texts, err := t.texts(values)
			if err != nil {
				return "", err
			}
			return fmt.Sprintf(format, texts...), nil
		},
		"eq": func(a any, others ...any) (bool, error) {
			for _, b := range others {
				if equal, err := t.compare(a, b, true, "0"); equal || err != nil {
					return equal, err
				}
			}
			return false, nil
		},
		"ne": func(a, b any) (bool, error) { return t.compare(a, b, true, "-+") },
		"lt": func(a, b any) (bool, error) { return t.compare(a, b, false, "-") },
		"le": func(a, b any) (bool, error) { return t.compare(a, b, false, "-0") },
		"gt": func(a, b any) (bool, error) { return t.compare(a, b, false, "+") },
		"ge": func(a, b any) (bool, error) { return t.compare(a, b, false, "0+") },

		"_round": func(r root) (bool, error) { return false, r[runningName].(*running).round() },
		"_there": func(_ int, v any) any {
			if v == nil {
				return placeholder
			}
			return v
		},
		"_each": t.each,
	}
	for name, write := range printers {
		all[name] = func(at int, v any) (string, error) {
			if v = t.standIn(v); v == nil {
				return "", placeError{at, errMissing.Error()}
			}
			text, err := write(v)
			if err != nil {
				return "", placeError{at, err.Error()}
			}
			return text, nil
		}
	}
	return all
}

// standIn returns the text that stands for a member while a template is tried.
func (t trial) standIn(v any) any {
	if _, isSample := v.(sample); isSample || v == nil && t != noTrial {
		return "sample"
	}
	return v
}

// each returns what {{range}} goes over.
func (t trial) each(at int, v any) (any, error) {
	switch v := v.(type) {
	case []any, map[string]any:
		return v, nil
	case null:
		return v, nil
	case sample:
		return []any{placeholder, placeholder}, nil
	case nil:
		switch t {
		case everythingMissing:
			return []any(nil), nil
		case everythingThere:
			return []any{placeholder, placeholder}, nil
		}
		return nil, placeError{at, errMissing.Error()}
	}
	return nil, placeError{at, kindOfValue(v) + " is no list to go through"}
}

func (t trial) texts(values []any) ([]any, error) {
	texts := make([]any, len(values))
	for i, v := range values {
		if v = t.standIn(v); v == nil {
			return nil, errMissing
		}
		text, err := plainText(v)
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	return texts, nil
}

// length returns how many elements a list has, members an object, or
// characters a text.
func (t trial) length(v any) (int, error) {
	switch v := v.(type) {
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	case string:
		return utf8.RuneCountInString(v), nil
	}
	if t != noTrial && standsIn(v) {
		return 0, nil
	}
	if v == nil {
		return 0, errMissing
	}
	return 0, errors.New(kindOfValue(v) + " has no length")
}

// index returns what is in v under the first key, in that under the second, and
// so on: names of members, and numbers of elements from 0. What is not there is
// missing, as a member is.
func (t trial) index(v any, keys ...any) (any, error) {
	for _, key := range keys {
		name, isName := key.(string)
		i, isNumber := key.(int)
		switch in := v.(type) {
		case nil, null, sample:
			return nil, nil
		case map[string]any:
			if !isName {
				return nil, errors.New("write the name of a member of an object in quotation marks")
			}
			v = in[name]
		case []any:
			switch {
			case !isNumber:
				return nil, errors.New("write the number of an element of a list, from 0")
			case i < 0 || i >= len(in):
				return nil, nil
			}
			v = in[i]
		default:
			return nil, errors.New(kindOfValue(v) + " has neither members nor elements")
		}
	}
	return v, nil
}

// compare reports whether a compared to b is one of signs: "-" less, "0" equal,
// "+" more. With equality, what has no order can be compared too.
func (t trial) compare(a, b any, equality bool, signs string) (bool, error) {
	if t != noTrial && (standsIn(a) || standsIn(b)) {
		return false, nil
	}
	if a == nil || b == nil {
		return false, errMissing
	}
	order, err := order(a, b, equality)
	if err != nil {
		return false, err
	}
	return strings.Contains(signs, string("-0+"[order+1])), nil
}

func standsIn(v any) bool {
	_, isSample := v.(sample)
	return isSample || v == nil
}

func order(a, b any, equality bool) (int, error) {
	if x, y := numeric(a), numeric(b); x != nil && y != nil {
		return x.Cmp(y), nil
	}
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), nil
		}
	}
	if equality {
		x, isBool := a.(bool)
		y, areBool := b.(bool)
		_, isNull := a.(null)
		_, otherNull := b.(null)
		switch {
		case isBool && areBool && x == y, isNull && otherNull:
			return 0, nil
		case isBool && areBool, isNull || otherNull:
			return 1, nil
		}
	}
	return 0, fmt.Errorf("%s and %s cannot be compared", kindOfValue(a), kindOfValue(b))
}

// numeric returns v as a number of 500 bits, enough for 150 digits; nil if it
// is none.
func numeric(v any) *big.Float {
	var text string
	switch v := v.(type) {
	case number:
		text = string(v)
	case int:
		text = strconv.Itoa(v)
	case float64:
		text = strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return nil
	}
	f, _, err := big.ParseFloat(text, 10, 500, big.ToNearestEven)
	if err != nil {
		return nil
	}
	return f
}

func kindOfValue(v any) string {
	switch v.(type) {
	case string:
		return "a text"
	case number, int, float64:
		return "a number"
	case bool:
		return "true or false"
	case null:
		return "null"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "this"
}
