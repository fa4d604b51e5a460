package config

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
)

// Load returns the settings of the data folder dir: the environment's (as
// [os.Environ] returns it) over the file's over the defaults. A missing file is
// an empty one. Whatever is wrong is reported at once, as [Faults].
func Load(dir string, environ []string) (Config, error) {
	path := Path(dir)
	text, err := readPlain(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("read settings: %w", err)
	}
	c, faults := read(path, string(text), environ)
	if len(faults) > 0 {
		return Config{}, faults
	}
	return c, nil
}

// read is Load without the reading of the file.
func read(path, text string, environ []string) (Config, Faults) {
	c := Default()
	c.origins = make(map[string]Origin)
	faults := c.readFile(path, text)
	faults = append(faults, c.readEnvironment(environ)...)
	unread := faults.about("") // then what the file would have said is not known
	for _, f := range c.check() {
		f.Origin = c.origin(f.Key)
		if faults.about(f.Key) || unread && f.Source != FromEnvironment {
			continue
		}
		faults = append(faults, f)
	}
	return c, faults
}

// origin returns where the value of key comes from.
func (c Config) origin(key string) Origin {
	if o, ok := c.origins[key]; ok {
		return o
	}
	return Origin{Source: FromDefault}
}

// otherVariables are those that begin with PPM_ but are not settings: the data
// folder, which is known before there are settings, what a program that takes
// deliveries is given, which may well run ppm itself, and the password that
// ppm send posts with.
var otherVariables = []string{"PPM_DATA", "PPM_SEND_PASSWORD", "PPM_DELIVERY_ID", "PPM_RECEIPT", "PPM_ATTEMPT", "PPM_APPLICATION",
	"PPM_TYPE", "PPM_EVENT", "PPM_PARTNER", "PPM_EVENT_TIME"}

// readEnvironment takes the values of the PPM_ variables into c.
func (c *Config) readEnvironment(environ []string) Faults {
	fields := make(map[string]field)
	var known []string
	for _, f := range c.fields() {
		fields[f.variable()] = f
		known = append(known, f.variable())
	}
	var faults Faults
	for _, e := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(e, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		if !strings.HasPrefix(name, "PPM_") || slices.Contains(otherVariables, name) {
			continue
		}
		from := Origin{Source: FromEnvironment, Place: name}
		f, ok := fields[name]
		if !ok {
			faults.add(name, noSuch("variable", name, append(known, otherVariables...)), from)
			continue
		}
		v, wrong := f.parse(value)
		if wrong == nil {
			wrong = f.set(v)
		}
		if wrong != nil {
			faults.add(f.key, *wrong, from)
			continue
		}
		c.origins[f.key] = from
	}
	return faults
}
