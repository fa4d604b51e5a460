package main

import (
	"fmt"

	"processmanager/secret"
)

type secretsCmd struct {
	NewKey secretsNewKeyCmd `cmd:"" help:"Make a new master key."`
}

func (secretsCmd) Help() string {
	return `The secrets of clients and of Clearmatch's API are encrypted with a master key. It
lies in master.key in the data folder; on Windows only the account that runs ppm
can decrypt it. Whether something waits for it, ppm status tells.

Examples:

    ppm secrets new-key`
}

type secretsNewKeyCmd struct{}

func (secretsNewKeyCmd) Help() string {
	return `Makes a new master key, under the account that runs ppm. From the next start of ppm
on everything is encrypted with it. Keys there were stay beside it, for older
backups. Where the old one is lost, the secrets encrypted with it are lost too:
make a new one, and give them anew with ppm client set and ppm config set.

Examples:

    ppm secrets new-key`
}

// Run runs ppm secrets new-key.
func (*secretsNewKeyCmd) Run(p *program) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	if err := secret.Open(dir, p.environ).Make(); err != nil {
		return err
	}
	if _, err := findRunning(dir); err == nil {
		p.say("it counts from the next start of ppm on")
	}
	_, err = fmt.Fprintln(p.stdout, "a new master key has been made; encrypted backups carry it")
	return err
}
