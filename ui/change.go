package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"processmanager/ppm"
)

// A ClientChange is what to change of a client: what is nil or not among the
// settings and secrets stays as it is. A setting that is null, and a secret
// that is, are taken away.
type ClientChange struct {
	Name     *string                    `json:"name,omitempty"`
	Kind     *ppm.Kind                  `json:"kind,omitempty"` // of a new client only
	Settings map[string]json.RawMessage `json:"settings,omitempty"`
	Secrets  map[string]*string         `json:"secrets,omitempty"`

	Data        *bool   `json:"data,omitempty"`
	Ordered     *bool   `json:"ordered,omitempty"`
	Concurrency *int    `json:"concurrency,omitempty"`
	PerMinute   *int    `json:"perMinute,omitempty"`
	First       *string `json:"first,omitempty"` // of the back-off, such as "5s"
	Longest     *string `json:"longest,omitempty"`
	GiveUp      *string `json:"giveUp,omitempty"`
}

// Empty reports whether x changes nothing.
func (x ClientChange) Empty() bool {
	return x.Name == nil && x.Kind == nil && len(x.Settings) == 0 && len(x.Secrets) == 0 && x.Data == nil && x.Ordered == nil &&
		x.Concurrency == nil && x.PerMinute == nil && x.First == nil && x.Longest == nil && x.GiveUp == nil
}

// NewClient is what a client is that nothing has been said about.
func NewClient() ppm.Client {
	return ppm.Client{Settings: json.RawMessage("{}"), Ordered: true, Backoff: ppm.DefaultBackoff, Concurrency: 1}
}

// Apply returns c with the change, or a [Refusal]. Whether a client of that
// kind can do with those settings is for others to see.
func (x ClientChange) Apply(c ppm.Client) (ppm.Client, error) {
	set(&c.Name, x.Name)
	set(&c.Data, x.Data)
	set(&c.Ordered, x.Ordered)
	set(&c.Concurrency, x.Concurrency)
	set(&c.PerMinute, x.PerMinute)
	if x.Kind != nil && c.Number != 0 && *x.Kind != c.Kind {
		return c, Refusal{fmt.Errorf("kind: a client stays of its kind, %q; add another one and remove this", c.Kind)}
	}
	set(&c.Kind, x.Kind)
	if c.Kind == "" {
		return c, Refusal{errors.New("kind: say how to reach the client: web, program, folder or email")}
	}
	var err error
	if c.Settings, err = merged(c.Settings, x.Settings); err != nil {
		return c, err
	}
	c.Secrets = mergedSecrets(c.Secrets, x.Secrets)
	for _, f := range []struct {
		name string
		text *string
		to   *time.Duration
	}{{"first", x.First, &c.Backoff.First}, {"longest", x.Longest, &c.Backoff.Longest}, {"giveUp", x.GiveUp, &c.Backoff.GiveUp}} {
		if f.text == nil {
			continue
		}
		if *f.to, err = time.ParseDuration(*f.text); err != nil {
			return c, Refusal{fmt.Errorf("%s: give a time such as 30s or 72h instead of %q", f.name, *f.text)}
		}
	}
	if err := checkClient(c); err != nil {
		return c, Refusal{err}
	}
	return c, nil
}

// set gives to a new value, if there is one.
func set[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}

func merged(settings json.RawMessage, change map[string]json.RawMessage) (json.RawMessage, error) {
	if len(change) == 0 {
		return settings, nil
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(settings, &all); err != nil {
		return nil, fmt.Errorf("read the settings kept: %w", err)
	}
	for name, value := range change {
		if string(value) == "null" {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	return json.Marshal(all)
}

func mergedSecrets(secrets map[string]string, change map[string]*string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, secrets)
	for name, value := range change {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = *value
	}
	return all
}

const (
	mostConcurrency = 64  // attempts at one time
	mostPerMinute   = 1e6 // attempts
)

func checkClient(c ppm.Client) error {
	if err := ppm.CheckName(c.Name); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(c.Name, "-"):
		return fmt.Errorf("name %q: begin it with something else, commands would take it for a flag", c.Name)
	case c.Concurrency < 1 || c.Concurrency > mostConcurrency:
		return fmt.Errorf("concurrency %d: give a number from 1 to %d", c.Concurrency, mostConcurrency)
	case c.PerMinute < 0 || c.PerMinute > mostPerMinute:
		return fmt.Errorf("attempts a minute %d: give a number up to %d, or 0 for as many as come", c.PerMinute, int(mostPerMinute))
	}
	return c.Backoff.Check()
}
