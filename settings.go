package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"processmanager/config"
	"processmanager/receiver"
	"processmanager/secret"
)

// settings returns the settings of the data folder dir.
func (p *program) settings(dir string) (config.Config, error) {
	return config.Load(dir, p.environ)
}

type configCmd struct {
	Get  configGetCmd  `cmd:"" help:"Print the value of one setting."`
	Set  configSetCmd  `cmd:"" help:"Change one setting in config.toml."`
	List configListCmd `cmd:"" help:"List all settings, their values and where those come from."`
}

func (configCmd) Help() string {
	return `Settings are in config.toml in the data folder, which explains each of them, and
can be changed there as well. A variable of the environment goes before the
file: PPM_RECEIVER_LISTEN for receiver.listen.

Examples:

    ppm config list
    ppm config get receiver.listen
    ppm config set receiver.listen :443
    ppm config set receiver.password -`
}

type configListCmd struct {
	JSON bool `name:"json" help:"Print JSON, one object a line."`
}

func (configListCmd) Help() string {
	return `Lists every setting with the value that counts, and whether that is the default or
comes from config.toml or the environment. Secrets show as (set).

Examples:

    ppm config list
    ppm config list --json`
}

// Run runs ppm config list.
func (c *configListCmd) Run(p *program) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	cfg, err := p.settings(dir)
	if err != nil {
		return err
	}
	if c.JSON {
		for _, s := range cfg.List() {
			if err := p.printJSON(s); err != nil {
				return err
			}
		}
		return nil
	}
	rows := [][]string{}
	for _, s := range cfg.List() {
		from := s.Origin.String()
		if from == "" {
			from = string(s.Source)
		}
		rows = append(rows, []string{s.Key, quotedValue(s), from})
	}
	t := table{out: p.stdout, heading: []string{"SETTING", "VALUE", "FROM"}, elastic: 2, width: terminalWidth(p.stdout)}
	return t.print(rows)
}

func quotedValue(s config.Setting) string {
	if s.Value == "" {
		return `""`
	}
	return oneLine(s.Value)
}

type configGetCmd struct {
	Key  string `arg:"" help:"The setting, such as receiver.listen."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

func (configGetCmd) Help() string {
	return `Prints the value that counts, wherever it comes from, and nothing else. A secret is
not told: (set) says that there is one.

Examples:

    ppm config get receiver.listen
    ppm config get receiver.tls.mode --json`
}

// Run runs ppm config get.
func (c *configGetCmd) Run(p *program) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	cfg, err := p.settings(dir)
	if err != nil {
		return err
	}
	s, err := cfg.Get(c.Key)
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(s)
	}
	_, err = fmt.Fprintln(p.stdout, s.Value)
	return err
}

type configSetCmd struct {
	Key   string  `arg:"" help:"The setting, such as receiver.listen."`
	Value *string `arg:"" optional:"" help:"Its value; - reads it from standard input. A secret is asked for."`
}

func (configSetCmd) Help() string {
	return `Changes one line of config.toml and leaves the rest as it is. It counts from the
next start of ppm on. Secrets are best given at the question or by standard
input, so that they are neither seen in the list of processes nor kept in the
shell's history. They are kept encrypted; of the receiver's password only what is
needed to recognise it is.

Examples:

    ppm config set receiver.listen 0.0.0.0:443
    ppm config set receiver.password
    ppm config set receiver.password - < password.txt`
}

// Run runs ppm config set.
func (c *configSetCmd) Run(p *program) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	known, err := config.Default().Get(c.Key)
	if err != nil {
		return err
	}
	value, err := c.value(p, known)
	if err != nil {
		return err
	}
	if err := config.Prepare(dir); err != nil {
		return err
	}
	if known.Secret {
		kept, err := protected(c.Key, value, secret.Open(dir, p.environ))
		switch {
		case errors.Is(err, secret.ErrWaiting):
			p.say("kept as text until ppm starts, which then encrypts it (%s)", err)
		case err != nil:
			return fmt.Errorf("%s: %w", c.Key, err)
		default:
			value = kept
		}
	}
	if err := config.Set(dir, c.Key, value); err != nil {
		return err
	}
	if p.lookedUp(known.Variable) {
		p.say("set, but the variable %s is set too and goes before the file", known.Variable)
	}
	if _, err := findRunning(dir); err == nil {
		p.say("it counts from the next start of ppm on")
	}
	return nil
}

// isPassword reports whether the setting is one that the receiver compares
// with, and so need not know.
func isPassword(key string) bool {
	return key == "receiver.password" || key == "receiver.previous_password"
}

// verifier returns what is kept in place of a password; of none, none.
func verifier(password string) (string, error) {
	if password == "" {
		return "", nil
	}
	if _, err := receiver.NewCredentials("anybody", password); err != nil {
		return "", err
	}
	if receiver.IsVerifier(password) {
		return password, nil
	}
	return receiver.Verifier(password, false), nil
}

// value returns what was given as the value, in one of the three ways.
func (c *configSetCmd) value(p *program, s config.Setting) (string, error) {
	switch {
	case c.Value == nil && s.Secret:
		text, err := p.ask(c.Key + ": ")
		if errors.Is(err, errNobody) {
			return "", usageError(fmt.Sprintf("nobody can be asked here for the value: give it by standard input, as in \"ppm config set %s - < FILE\"", c.Key))
		}
		return text, err
	case c.Value == nil:
		return "", usageError(fmt.Sprintf("config set %s: the value is missing", c.Key))
	case *c.Value == "-":
		b, err := p.readAll("the value", p.stdin, 1<<16)
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	return *c.Value, nil
}

func (p *program) lookedUp(variable string) bool {
	return slices.ContainsFunc(p.environ, func(e string) bool { return strings.HasPrefix(e, variable+"=") })
}
