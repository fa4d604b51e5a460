package config

import (
	"maps"
	"slices"

	"github.com/BurntSushi/toml"
)

const byteOrderMark = "\ufeff"

// decode returns the contents of a settings file.
func decode(text string) (map[string]any, error) {
	var m map[string]any
	_, err := toml.Decode(text, &m)
	return m, err
}

// flatten returns the values of tree by their keys, as [dotted] writes them.
// Lists are values, and so are tables that hold nothing.
func flatten(tree map[string]any) map[string]any {
	flat := make(map[string]any)
	var walk func(path []string, tree map[string]any)
	walk = func(path []string, tree map[string]any) {
		for name, v := range tree {
			at := append(slices.Clone(path), name)
			if t, ok := v.(map[string]any); ok && len(t) > 0 {
				walk(at, t)
			} else {
				flat[dotted(at)] = v
			}
		}
	}
	walk(nil, tree)
	return flat
}

// readFile takes the values of the settings file into c; path is for messages.
func (c *Config) readFile(path, text string) Faults {
	in := func(line int) Origin { return Origin{FromFile, path, line} }
	if wrong, line := checkEncoding(text); wrong != nil {
		return Faults{newFault("", *wrong, in(line))}
	}
	tree, err := decode(text)
	if err != nil {
		wrong, line := diagnose(text, err)
		return Faults{newFault("", wrong, in(line))}
	}
	r := fileReader{config: c, in: in}
	r.layout, _ = newLayout(text) // without it there are no line numbers, no more
	r.section(nil, tree)
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return a.Line - b.Line })
	return r.faults
}

// A fileReader hands the values of a decoded file to their fields.
type fileReader struct {
	config *Config
	layout layout
	in     func(line int) Origin
	faults Faults
}

func (r *fileReader) section(path []string, tree map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		at := append(slices.Clone(path), name)
		key, value := dotted(at), tree[name]
		table, isTable := value.(map[string]any)
		isSection := slices.Contains(sections(), key)
		f, isField := r.config.field(key)
		from := r.in(r.layout.line(key))
		switch {
		case isSection && isTable:
			r.section(at, table)
		case isSection:
			r.faults.add(key, complaint{"a section, not a setting", "write [" + key + "] on a line of its own and its settings below"}, from)
		case isField:
			if wrong := f.set(value); wrong != nil {
				r.faults.add(key, *wrong, from)
			} else {
				r.config.origins[key] = from
			}
		case isTable:
			r.faults.add(key, noSuch("section", key, sections()), from)
		default:
			r.faults.add(key, noSuch("setting", key, keys()), from)
		}
	}
}

// keys returns every setting's key, and sections the names of what they stand
// in, both in the order of the structs.
func keys() []string {
	var c Config
	var all []string
	for _, f := range c.fields() {
		all = append(all, f.key)
	}
	return all
}

func sections() []string {
	var all []string
	for _, k := range keys() {
		if parent, _ := cutLast(k); !slices.Contains(all, parent) {
			all = append(all, parent)
		}
	}
	return all
}
