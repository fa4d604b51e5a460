package main

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

const help = `ppm, the Partner Process Manager, receives notifications from Clearmatch over
HTTPS, keeps each one on disk, and only then acknowledges it. Afterwards it hands
them to those of your programs that want them.

    ppm                   start receiving
    ppm status            how is it doing?
    ppm list              the newest notifications
    ppm show RECEIPT      one notification, with all there is to know
    ppm search WORDS      find an application, a type, an event or a word

    ppm client            your programs that want notifications
    ppm subscription      which notifications they want
    ppm retry             try again what was given up on
    ppm replay            deliver again
    ppm erase APPLICATION remove everything personal of one application
    ppm history           what people did

    ppm send              post a sample notification, to try it out
    ppm export            all notifications as CSV or JSON lines
    ppm backup            a copy of everything kept, while it runs
    ppm restore FILE      go back to such a copy
    ppm config list       the settings; also: config get, config set
    ppm serve             start receiving, as a service does
    ppm version

Each of them tells more with --help.

    --data DIR    the data folder, if it is not in the usual place;
                  the variable PPM_DATA does the same
    --json        prints data for programs, where data is printed

Exit status: 0 it worked, 1 it failed, 2 the command line was not understood.
`

// commandLine is what kong reads.
type commandLine struct {
	Data string `placeholder:"DIR" help:"The data folder (or the variable PPM_DATA)."`

	Start        startCmd        `cmd:"" default:"1" hidden:""`
	Serve        serveCmd        `cmd:"" help:"Receive notifications until interrupted."`
	Status       statusCmd       `cmd:"" help:"Tell how it is doing, in numbers."`
	List         listCmd         `cmd:"" help:"List notifications, newest first."`
	Show         showCmd         `cmd:"" help:"Show one notification, with all there is to know."`
	Search       searchCmd       `cmd:"" help:"Find notifications by words."`
	Client       clientCmd       `cmd:"" help:"Your programs that want notifications."`
	Subscription subscriptionCmd `cmd:"" help:"Which notifications they want."`
	Retry        retryCmd        `cmd:"" help:"Try dead letters again."`
	Replay       replayCmd       `cmd:"" help:"Deliver notifications again."`
	Erase        eraseCmd        `cmd:"" help:"Remove everything personal of one application."`
	History      historyCmd      `cmd:"" help:"Tell what people did."`

	Export  exportCmd  `cmd:"" help:"Write all notifications as CSV or JSON lines."`
	Send    sendCmd    `cmd:"" help:"Post a notification, as Clearmatch does."`
	Backup  backupCmd  `cmd:"" help:"Write a checked copy of everything kept."`
	Restore restoreCmd `cmd:"" help:"Go back to a backup."`
	Config  configCmd  `cmd:"" help:"Read and change settings."`
	Secrets secretsCmd `cmd:"" help:"The master key that secrets are encrypted with."`
	Version versionCmd `cmd:"" help:"Tell which version this is."`
}

// command runs one command line.
func (p *program) command(args []string) error {
	var line commandLine
	helped := false
	parser, err := kong.New(&line,
		kong.Name("ppm"),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Help(printHelp),
	)
	if err != nil {
		return err
	}
	if len(args) > 0 { // what people try
		switch args[0] {
		case "help":
			args = append(slices.Clone(args[1:]), "--help")
		case "--version":
			args[0] = "version"
		}
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil
	}
	var bad *kong.ParseError
	if unwritten := (*fs.PathError)(nil); errors.As(err, &bad) && !errors.As(err, &unwritten) {
		return misunderstood(bad, args)
	}
	if err != nil {
		return err
	}
	p.data = line.Data
	return parsed.Run(p)
}

// printHelp prints our own page for the program, kong's for a command.
func printHelp(o kong.HelpOptions, ctx *kong.Context) error {
	if node := ctx.Selected(); node != nil && node.Name != "start" {
		return kong.DefaultHelpPrinter(o, ctx)
	}
	_, err := fmt.Fprint(ctx.Stdout, help)
	return err
}

// misunderstood puts the parser's complaint in our words.
func misunderstood(bad *kong.ParseError, args []string) error {
	text := bad.Error()
	if word, ok := strings.CutPrefix(text, "unexpected argument "); ok {
		word, hint, _ := strings.Cut(word, ", ")
		if hint != "" {
			hint = ", " + hint
		}
		if args[0] == word {
			return usageError(fmt.Sprintf("there is no command %q%s", word, hint))
		}
	}
	if m := badValue.FindStringSubmatch(text); m != nil {
		flag, kind, value := m[1], m[2], m[3]
		switch {
		case (flag == "--limit" || flag == "--count") && strings.HasPrefix(value, "-"):
			return usageError(fmt.Sprintf("%s: give how many, without a sign, instead of %q", flag, value))
		case kind == "duration":
			return usageError(fmt.Sprintf("%s: give a time such as 30s instead of %q", flag, value))
		case strings.HasSuffix(kind, "int"), kind == "int value":
			return usageError(fmt.Sprintf("%s: give a whole number instead of %q", flag, value))
		}
	}
	return usageError(text)
}

// badValue is how the parser complains of a value that is no number or no time,
// or that looks like a flag.
var badValue = regexp.MustCompile(`^(--[a-z-]+): expected (?:a valid )?(.+?) but got "([^"]*)"`)
