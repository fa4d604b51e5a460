package config

import (
	"slices"
	"strings"
	"testing"
)

func TestDefaultFileHoldsEverySettingWithHelpInTheOrderOfTheStructs(t *testing.T) {
	var inFile []string
	section := ""
	for line := range strings.Lines(defaultFile) {
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]\n")
		}
		if name, _, ok := strings.Cut(line, " = "); ok && strings.HasPrefix(line, "#") && line[1] != ' ' {
			inFile = append(inFile, section+"."+name[1:])
		}
	}
	if !slices.Equal(inFile, keys()) {
		t.Errorf("default.toml has\n%q\nthe structs have\n%q", inFile, keys())
	}
	for _, key := range keys() {
		if manual()[key].help == "" {
			t.Errorf("%s has no help", key)
		}
	}
}

func TestDefaultsAreTheOnesOthersRelyOn(t *testing.T) {
	want := map[string]string{
		"receiver.listen":                      "127.0.0.1:8443",
		"receiver.path":                        "/notifications",
		"receiver.username":                    "clearmatch",
		"receiver.password":                    "",
		"receiver.max_connections":             "1024",
		"receiver.max_connections_per_address": "256",
		"receiver.tls.mode":                    "self-signed",
		"dashboard.listen":                     "127.0.0.1:8484",
		"store.url":                            "",
	}
	for _, s := range Default().List() {
		if w, ok := want[s.Key]; ok && (s.Value != w || s.Default != w || s.Source != FromDefault) {
			t.Errorf("%s = %q, default %q, from %s; want %q", s.Key, s.Value, s.Default, s.Source, w)
		}
	}
	if faults := Default().check(); len(faults) > 0 {
		t.Errorf("the defaults are faulty: %v", faults)
	}
}

func TestVariablesAreDistinct(t *testing.T) {
	var c Config
	seen := make(map[string]string)
	for _, f := range c.fields() {
		if other, ok := seen[f.variable()]; ok {
			t.Errorf("%s and %s are both %s", f.key, other, f.variable())
		}
		seen[f.variable()] = f.key
	}
	if seen["PPM_RECEIVER_TLS_MODE"] != "receiver.tls.mode" {
		t.Errorf("PPM_RECEIVER_TLS_MODE is %q", seen["PPM_RECEIVER_TLS_MODE"])
	}
}
