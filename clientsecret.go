package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"processmanager/client"
)

// maxSecret is how long a secret may be, in bytes: a key in PEM fits.
const maxSecret = 64 << 10

// secrets reads the flags --secret; nil takes a secret away. No error repeats
// what was given for one.
func (f *clientFlags) secrets(p *program, known []client.Setting) (map[string]*string, error) {
	if len(f.Secret) == 0 {
		return nil, nil
	}
	secrets := make(map[string]*string)
	fromInput := ""
	for _, s := range f.Secret {
		key, from, given := strings.Cut(s, "=")
		if _, twice := secrets[key]; twice {
			return nil, usageError(fmt.Sprintf("--secret %s: give it once", key))
		}
		if a := about(known, key); !a.Secret {
			return nil, usageError(fmt.Sprintf("--secret %s: there is no such secret of this kind; %s", printable(key), secretNames(known)))
		}
		if from == "-" {
			if fromInput != "" {
				return nil, usageError(fmt.Sprintf("--secret %s=- and --secret %s=-: standard input can be read once; take a file for one of them", fromInput, key))
			}
			fromInput = key
		}
		secret, err := p.secret(key, from, given)
		if err != nil {
			return nil, err
		}
		secrets[key] = secret
	}
	return secrets, nil
}

func secretNames(known []client.Setting) string {
	var names []string
	for _, s := range known {
		if s.Secret {
			names = append(names, s.Name)
		}
	}
	if names == nil {
		return "it has none"
	}
	return "it has " + strings.Join(names, ", ")
}

// secretVariable is the variable of the environment that a secret is taken from.
func secretVariable(key string) string { return "PPM_SECRET_" + strings.ToUpper(key) }

// secret returns the secret called key: from where it was said that it is or,
// if that was not said, from the environment or a person.
func (p *program) secret(key, from string, given bool) (*string, error) {
	var text string
	switch {
	case given && from == "":
		return nil, nil
	case from == "-":
		b, err := p.readAll("the secret "+key, p.stdin, maxSecret)
		if err != nil {
			return nil, err
		}
		text = strings.TrimRight(string(b), "\r\n")
	case strings.HasPrefix(from, "@"):
		f, err := os.Open(from[1:])
		if err != nil {
			return nil, fmt.Errorf("read the secret %s: %w", key, err)
		}
		defer f.Close()
		b, err := p.readAll("the secret "+key, f, maxSecret)
		if err != nil {
			return nil, err
		}
		text = strings.TrimRight(string(b), "\r\n")
	case given:
		return nil, usageError(fmt.Sprintf("--secret %s: others can read a command line, so a secret is not given there: say --secret %s and you are asked for it, or --secret %s=@FILE", key, key, key))
	case p.env(secretVariable(key)) != "":
		text = p.env(secretVariable(key))
	default:
		var err error
		text, err = p.ask(key + ": ")
		if errors.Is(err, errNobody) {
			return nil, usageError(fmt.Sprintf("nobody can be asked here for the secret %s: give --secret %s=@FILE, --secret %s=- for standard input, or the variable %s", key, key, key, secretVariable(key)))
		}
		if err != nil {
			return nil, err
		}
	}
	if text == "" {
		return nil, fmt.Errorf("the secret %s is empty; to take it away, write --secret %s=", key, key)
	}
	return &text, nil
}
