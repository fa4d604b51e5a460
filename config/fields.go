package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A field is one setting's place in a [Config].
type field struct {
	key   string // "receiver.tls.mode"
	value reflect.Value
}

var secretType = reflect.TypeFor[Secret]()

// fields returns the places of all settings in c, in the order of the structs.
func (c *Config) fields() []field {
	return fieldsOf(reflect.ValueOf(c).Elem(), "")
}

func fieldsOf(v reflect.Value, prefix string) []field {
	var all []field
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("toml")
		if name == "" {
			continue
		}
		f := field{prefix + name, v.Field(i)}
		if f.value.Kind() == reflect.Struct {
			all = append(all, fieldsOf(f.value, f.key+".")...)
		} else {
			all = append(all, f)
		}
	}
	return all
}

// field returns the place of key in c.
func (c *Config) field(key string) (field, bool) {
	for _, f := range c.fields() {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

func (f field) secret() bool { return f.value.Type() == secretType }

// variable is the name of the setting in the environment.
func (f field) variable() string {
	return "PPM_" + strings.ToUpper(strings.ReplaceAll(f.key, ".", "_"))
}

// text is the value as a person writes it, without quotes; a Secret's is masked.
func (f field) text() string { return fmt.Sprint(f.value.Interface()) }

var (
	notText   = &complaint{"not text", `write text in quotes: "…"`}
	notUTF8   = &complaint{"not UTF-8 text", "write it in UTF-8"}
	notNumber = &complaint{"not a whole number", "write digits without quotes, such as 100"}
	notBool   = &complaint{"neither true nor false", "write true or false, without quotes"}
)

// set gives the field a value as the TOML decoder returns it.
func (f field) set(v any) *complaint {
	switch f.value.Kind() {
	case reflect.String:
		s, ok := v.(string)
		if !ok {
			return notText
		}
		f.value.SetString(s)
	case reflect.Int:
		n, ok := v.(int64)
		if !ok || f.value.OverflowInt(n) {
			return notNumber
		}
		f.value.SetInt(n)
	case reflect.Bool:
		b, ok := v.(bool)
		if !ok {
			return notBool
		}
		f.value.SetBool(b)
	}
	return nil
}

// parse returns what [field.set] takes, from text as a person writes it without quotes.
func (f field) parse(text string) (any, *complaint) {
	switch f.value.Kind() {
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, notNumber
		}
		return n, nil
	case reflect.Bool:
		switch text {
		case "true", "false":
			return text == "true", nil
		}
		return nil, notBool
	}
	if !utf8.ValidString(text) {
		return nil, notUTF8
	}
	return text, nil
}

// mustSet is set for values that only a mistake in this package could make wrong.
func (f field) mustSet(v any) {
	if m := f.set(v); m != nil {
		panic(errors.New("config: default of " + f.key + ": " + m.problem))
	}
}
