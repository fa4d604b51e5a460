package config

import "fmt"

// A Setting is one setting as it stands, for people and scripts to read.
type Setting struct {
	Key      string `json:"key"`
	Value    string `json:"value"`    // of a secret: "(set)" or ""
	Default  string `json:"default"`  // never a secret's
	Variable string `json:"variable"` // the one that can set it
	Secret   bool   `json:"secret"`
	Help     string `json:"help"`
	Origin
}

// List returns every setting, in the order of the default file.
func (c Config) List() []Setting {
	defaults := Default()
	initial := defaults.fields()
	var all []Setting
	for i, f := range c.fields() {
		all = append(all, Setting{
			Key:      f.key,
			Value:    f.text(),
			Default:  initial[i].text(),
			Variable: f.variable(),
			Secret:   f.secret(),
			Help:     manual()[f.key].help,
			Origin:   c.origin(f.key),
		})
	}
	return all
}

// SecretsInFile returns the secrets that come from the file and are not empty,
// by their keys.
func (c Config) SecretsInFile() map[string]Secret {
	all := make(map[string]Secret)
	for _, f := range c.fields() {
		if text, ok := f.value.Interface().(Secret); ok && text != "" && c.origin(f.key).Source == FromFile {
			all[f.key] = text
		}
	}
	return all
}

// Get returns one setting. An unknown key is a [Fault].
func (c Config) Get(key string) (Setting, error) {
	for _, s := range c.List() {
		if s.Key == key {
			return s, nil
		}
	}
	return Setting{}, unknown(key)
}

func unknown(key string) Fault {
	return newFault(key, noSuch("setting", key, keys()), Origin{})
}

// String returns "key = value", a secret masked.
func (s Setting) String() string { return fmt.Sprintf("%s = %q", s.Key, s.Value) }
