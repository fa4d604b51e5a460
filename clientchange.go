package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"processmanager/client"
	"processmanager/ppm"
	"processmanager/ui"
)

// clientFlags are what can be said about a client when it is added and later.
type clientFlags struct {
	Set         []string `sep:"none" placeholder:"KEY=VALUE" help:"A setting of its kind (see ppm client kinds); KEY=@FILE takes the text from a file, KEY= takes it away."`
	Secret      []string `sep:"none" placeholder:"KEY" help:"A secret of its kind: asked for, or from the variable PPM_SECRET_KEY; KEY=@FILE from a file, KEY=- from standard input, KEY= takes it away."`
	WithData    bool     `help:"The application's data goes with each delivery, which waits for it."`
	WithoutData bool     `help:"It does not (as when nothing is said)."`
	Ordered     bool     `help:"Deliveries of one application one after another, as they arrived (as when nothing is said)."`
	Unordered   bool     `help:"In any order."`
	Concurrency *int     `placeholder:"N" help:"Attempts at one time (1)."`
	PerMinute   *int     `placeholder:"N" help:"Attempts a minute at the most; 0: as many as come (0)."`
	First       string   `placeholder:"TIME" help:"How long to wait after the first failure; twice as long after each further one (5s)."`
	Longest     string   `placeholder:"TIME" help:"But never longer than this (1h)."`
	GiveUp      string   `placeholder:"TIME" help:"Give up after so long (72h)."`
}

// aboutFlags is the part of the help that both commands share.
const aboutFlags = `A secret is never given on the command line, where others could read it: --secret
KEY asks for it, or takes it from the variable PPM_SECRET_KEY (PPM_SECRET_TOKEN for
token); --secret KEY=@FILE reads a file, and --secret KEY=- standard input.

A list is made by giving --set KEY=VALUE several times, and names with values, such
as the headers of a web address, by --set 'headers=Name: value'. A text that
begins with @ is written with two of them.`

// change returns what the flags change of a client of that kind, whose settings
// are as given.
func (f *clientFlags) change(p *program, kind ppm.Kind) (ui.ClientChange, error) {
	var x ui.ClientChange
	switch {
	case f.WithData && f.WithoutData:
		return x, usageError("--with-data and --without-data: give one of them")
	case f.Ordered && f.Unordered:
		return x, usageError("--ordered and --unordered: give one of them")
	}
	if f.WithData || f.WithoutData {
		x.Data = &f.WithData
	}
	if f.Ordered || f.Unordered {
		x.Ordered = &f.Ordered
	}
	x.Concurrency, x.PerMinute = f.Concurrency, f.PerMinute
	for _, span := range []struct {
		flag, text string
		to         **string
	}{{"--first", f.First, &x.First}, {"--longest", f.Longest, &x.Longest}, {"--give-up", f.GiveUp, &x.GiveUp}} {
		if span.text == "" {
			continue
		}
		d, err := parseSpan(span.text)
		if err != nil {
			return x, usageError(fmt.Sprintf("%s: give a time such as 30s, 72h or 3d instead of %q", span.flag, span.text))
		}
		text := d.String()
		*span.to = &text
	}
	known := client.Help(kind)
	var err error
	if x.Settings, err = f.settings(known); err != nil {
		return x, err
	}
	x.Secrets, err = f.secrets(p, known)
	return x, err
}

// settings reads the flags --set.
func (f *clientFlags) settings(known []client.Setting) (map[string]json.RawMessage, error) {
	texts := make(map[string][]string)
	for _, s := range f.Set {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return nil, usageError(fmt.Sprintf("--set %s: write it as KEY=VALUE", key))
		}
		if about(known, key).Secret {
			return nil, usageError(fmt.Sprintf("--set %s: that is a secret, and others can read a command line: give --secret %s and you are asked for it", key, key))
		}
		switch {
		case strings.HasPrefix(value, "@@"):
			value = value[1:]
		case strings.HasPrefix(value, "@"):
			b, err := os.ReadFile(value[1:])
			if err != nil {
				return nil, fmt.Errorf("--set %s: %w", key, err)
			}
			value = strings.TrimPrefix(string(b), "\ufeff")
		}
		texts[key] = append(texts[key], value)
	}
	settings := make(map[string]json.RawMessage)
	for key, values := range texts {
		var err error
		if settings[key], err = settingValue(about(known, key), values); err != nil {
			return nil, usageError(fmt.Sprintf("--set %s: %s", key, err))
		}
	}
	return settings, nil
}

// about returns what there is to know about a setting, nothing if it is not known.
func about(known []client.Setting, key string) client.Setting {
	i := slices.IndexFunc(known, func(s client.Setting) bool { return s.Name == key })
	if i < 0 {
		return client.Setting{}
	}
	return known[i]
}

// settingValue returns what was given for a setting, in JSON of the kind that it
// is of; null takes it away. What does not fit is left as text, for whoever
// checks the client to say what would.
func settingValue(s client.Setting, values []string) (json.RawMessage, error) {
	last := values[len(values)-1]
	if len(values) == 1 && last == "" {
		return json.RawMessage("null"), nil
	}
	plain := len(values) > 1 || !json.Valid([]byte(last))
	switch s.Type {
	case "list":
		if plain || !strings.HasPrefix(last, "[") {
			return json.Marshal(values)
		}
		return json.RawMessage(last), nil
	case "names and values":
		if plain || !strings.HasPrefix(last, "{") {
			return named(values)
		}
		return json.RawMessage(last), nil
	}
	switch {
	case len(values) > 1:
		return nil, fmt.Errorf("give it once")
	case s.Type == "number" && !plain, s.Type == "true or false" && (last == "true" || last == "false"):
		return json.RawMessage(last), nil
	case s.Type == "time":
		if d, err := parseSpan(last); err == nil {
			last = d.String()
		}
	}
	return json.Marshal(last)
}

// named reads names and values as headers are written.
func named(values []string) (json.RawMessage, error) {
	all := make(map[string]string)
	for _, v := range values {
		name, value, ok := strings.Cut(v, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("write it as a name, a colon and a value")
		}
		all[name] = strings.TrimSpace(value)
	}
	return json.Marshal(all)
}

// settingText is a setting's value as people read it, within n characters.
func settingText(raw json.RawMessage, n int) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	if d, err := time.ParseDuration(text); err == nil {
		text = spanText(d)
	}
	return shorten(oneLine(text), n)
}
