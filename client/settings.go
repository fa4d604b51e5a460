package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"processmanager/ppm"
)

// A Setting is something that a kind of client is told, as commands and pages
// explain it.
type Setting struct {
	Name    string `json:"name"`
	Type    string `json:"type"`              // "text", "true or false", "number", "time", "list" or "names and values"
	Secret  bool   `json:"secret,omitempty"`  // never shown; kept apart from the others
	Default string `json:"default,omitempty"` // where nothing is said
	Help    string `json:"help"`
	Example string `json:"example,omitempty"`
}

// A field is a setting in the struct that holds its value.
//
// The struct is the one description of a kind's settings. Its tags are the
// members of Setting: name, help, example, default and secret:"true". Structs
// in it without a name are read as if their fields were its own.
type field struct {
	Setting
	value reflect.Value
}

// fields yields the settings in the struct that settings points to.
func fields(settings any) iter.Seq[field] {
	return func(yield func(field) bool) {
		eachField(reflect.ValueOf(settings).Elem(), yield)
	}
}

func eachField(v reflect.Value, yield func(field) bool) bool {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			if !eachField(v.Field(i), yield) {
				return false
			}
			continue
		}
		s := Setting{
			Name: f.Tag.Get("name"), Type: typeName(f.Type), Secret: f.Tag.Get("secret") == "true",
			Default: f.Tag.Get("default"), Help: f.Tag.Get("help"), Example: f.Tag.Get("example"),
		}
		if !yield(field{s, v.Field(i)}) {
			return false
		}
	}
	return true
}

func describe(settings any) []Setting {
	var all []Setting
	for f := range fields(settings) {
		all = append(all, f.Setting)
	}
	return all
}

func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "time"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "number"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Map:
		return "names and values"
	}
	panic("a setting cannot be a " + t.String())
}

// read fills the struct that settings points to with the settings and secrets
// of c, and with defaults for what is not there. Everything that is not known,
// or of the wrong type, is a fault. Text will do for any type, since that is
// what people type.
func read(c ppm.Client, settings any) Faults {
	var faults Faults
	given, err := members(c.Settings)
	if err != nil {
		faults.add("settings", err.Error(), "write a JSON object with each setting once")
		given = nil
	}
	secrets := maps.Clone(c.Secrets)
	for f := range fields(settings) {
		if f.Default != "" {
			mustSet(f, f.Default)
		}
		text, isSecret := secrets[f.Name]
		raw, isGiven := given[f.Name]
		delete(secrets, f.Name)
		delete(given, f.Name)
		switch {
		case isGiven && f.Secret:
			faults.add(f.Name, "a secret among the settings", "give it as a secret, which nobody is shown: --secret "+f.Name)
		case isSecret && !f.Secret:
			faults.add(f.Name, "given as a secret, but it is none", "give it as a setting")
		case isSecret:
			f.value.SetString(text)
		case isGiven && string(raw) != "null":
			if err := set(f, raw); err != nil {
				faults.add(f.Name, err.Error(), "write "+wanted(f))
			}
		}
	}
	known := strings.Join(names(settings), ", ")
	for _, name := range slices.Sorted(maps.Keys(given)) {
		faults.add(name, "not known for the kind "+strconv.Quote(string(c.Kind)), "its settings are "+known)
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		faults.add(name, "not known for the kind "+strconv.Quote(string(c.Kind)), "its settings are "+known)
	}
	return faults
}

func names(settings any) []string {
	var all []string
	for f := range fields(settings) {
		all = append(all, f.Name)
	}
	return all
}

// onlyUnknown reports whether there is nothing among fs but names that are not
// known, beside which the known ones can be checked further.
func (fs Faults) onlyUnknown() bool {
	return !slices.ContainsFunc(fs, func(f Fault) bool { return !strings.HasPrefix(f.Problem, "not known for ") })
}

// members returns the members of a JSON object, each still as it was written.
func members(object json.RawMessage) (map[string]json.RawMessage, error) {
	all := make(map[string]json.RawMessage)
	if len(bytes.TrimSpace(object)) == 0 {
		return all, nil
	}
	d := json.NewDecoder(bytes.NewReader(object))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("not JSON: %w", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("not JSON: %w", err)
		}
		if _, twice := all[name.(string)]; twice {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		all[name.(string)] = value
	}
	if _, err := d.Token(); err != nil || len(bytes.TrimSpace(object[d.InputOffset():])) > 0 {
		return nil, errors.New("not a JSON object and nothing else")
	}
	return all, nil
}

// set gives f the value in raw.
func set(f field, raw json.RawMessage) error {
	var text string
	isText := json.Unmarshal(raw, &text) == nil
	unfit := fmt.Errorf("%s is not %s", brief(raw), anA(f.Type))
	switch f.Type {
	case "text":
		var n json.Number
		if !isText && json.Unmarshal(raw, &n) != nil {
			return unfit
		} else if !isText {
			text = n.String() // somebody whose user name is 4711
		}
		f.value.SetString(text)
	case "time":
		d, err := time.ParseDuration(text)
		if err != nil {
			return unfit
		}
		f.value.SetInt(int64(d))
	case "true or false", "number":
		if isText {
			raw = json.RawMessage(text)
		}
		if json.Unmarshal(raw, f.value.Addr().Interface()) != nil {
			return unfit
		}
	case "list", "names and values":
		if isText && f.Type == "list" && !strings.HasPrefix(text, "[") {
			f.value.Set(reflect.ValueOf([]string{text}))
			return nil
		}
		if isText {
			raw = json.RawMessage(text)
		}
		if json.Unmarshal(raw, f.value.Addr().Interface()) != nil {
			return unfit
		}
	}
	return nil
}

func mustSet(f field, text string) {
	raw, err := json.Marshal(text)
	if err == nil {
		err = set(f, raw)
	}
	if err != nil {
		panic(fmt.Sprintf("the default of %s: %v", f.Name, err))
	}
}

// wanted says what can be written for f.
func wanted(f field) string {
	w := map[string]string{
		"text":             "text",
		"true or false":    "true or false",
		"number":           "a whole number",
		"time":             "a time such as 30s or 2m",
		"list":             `a JSON list of texts, such as ["a","b"]`,
		"names and values": `a JSON object of texts, such as {"name":"value"}`,
	}[f.Type]
	if f.Example != "" {
		w += ", such as " + f.Example
	}
	return w
}

func anA(kind string) string {
	switch kind {
	case "text":
		return "text"
	case "true or false":
		return "true or false"
	case "names and values":
		return "an object of names and values"
	}
	return "a " + kind
}

// brief returns the beginning of what somebody wrote, to be recognised by.
func brief(raw []byte) string {
	const enough = 40
	text := []rune(string(raw))
	if len(text) > enough {
		return string(text[:enough]) + "…"
	}
	return string(text)
}
