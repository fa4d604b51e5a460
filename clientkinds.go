package main

import (
	"fmt"
	"strings"

	"processmanager/client"
	"processmanager/ppm"
)

type clientKindsCmd struct {
	Kind string `arg:"" optional:"" help:"Only this one: web, program, folder or email."`
	JSON bool   `name:"json" help:"Print JSON, one object a line."`
}

func (clientKindsCmd) Help() string {
	return `Tells in which ways a client can be reached, and what can be set for each of them
with --set or, if it is a secret, --secret.

Examples:

    ppm client kinds
    ppm client kinds web`
}

// kinds are the ways to reach a client, as people are told of them.
var kinds = []struct {
	Kind ppm.Kind
	What string
}{
	{ppm.WebAddress, "an HTTP request to an address"},
	{ppm.Program, "a program of this machine is run"},
	{ppm.Folder, "a file is put into a folder"},
	{ppm.Email, "a message to a mailbox"},
}

// Run runs ppm client kinds.
func (c *clientKindsCmd) Run(p *program) error {
	found := false
	for _, k := range kinds {
		if c.Kind != "" && string(k.Kind) != c.Kind {
			continue
		}
		found = true
		settings := client.Help(k.Kind)
		if c.JSON {
			err := p.printJSON(struct {
				Kind     ppm.Kind         `json:"kind"`
				What     string           `json:"what"`
				Settings []client.Setting `json:"settings"`
			}{k.Kind, k.What, settings})
			if err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(p.stdout, "%s: %s\n\n%s", k.Kind, k.What, settingsText(settings)); err != nil {
			return err
		}
	}
	if !found {
		return usageError(fmt.Sprintf("there is no kind %q: web, program, folder or email", c.Kind))
	}
	return nil
}

func settingsText(settings []client.Setting) string {
	var b strings.Builder
	for _, s := range settings {
		kind := s.Type
		if s.Secret {
			kind = "secret: give it with --secret"
		}
		if s.Default != "" {
			kind += "; " + s.Default + " if nothing is said"
		}
		fmt.Fprintf(&b, "    %s  (%s)\n", s.Name, kind)
		for _, line := range wrapped(s.Help, 70) {
			b.WriteString("        " + line + "\n")
		}
		if s.Example != "" {
			b.WriteString("        Example: " + s.Example + "\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// wrapped breaks text between words into lines of at most width characters.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
