package config

import (
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
)

// An explanation is what the default file says about one setting.
type explanation struct {
	help  string
	value any // the default, as the TOML decoder returns it
}

// manual returns the default file's explanations by key. In that file a line
// that begins with "#" and a space is prose, and one that begins with "#" and a
// name is a setting with its default; the prose right above it is its help.
var manual = sync.OnceValue(func() map[string]explanation {
	all := make(map[string]explanation)
	var section, help string
	for line := range strings.Lines(defaultFile) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "["):
			section, help = strings.Trim(line, "[]"), ""
		case strings.HasPrefix(line, "# "):
			help = strings.TrimSpace(help + " " + line[2:])
		case strings.HasPrefix(line, "#") && strings.Contains(line, "="):
			for name, value := range mustDecode(line[1:]) {
				all[section+"."+name] = explanation{help, value}
			}
			help = ""
		default:
			help = ""
		}
	}
	return all
})

func mustDecode(line string) map[string]any {
	var m map[string]any
	if _, err := toml.Decode(line, &m); err != nil {
		panic("config: default file: " + err.Error())
	}
	return m
}
