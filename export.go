package main

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"processmanager/ppm"
	"processmanager/ui"
)

type exportCmd struct {
	Format string `enum:"csv,jsonl," default:"" placeholder:"FORMAT" help:"csv or jsonl; else what the name of the file tells, else jsonl."`
	Out    string `placeholder:"FILE" help:"Write to this file instead of the screen."`
	Since  string `placeholder:"TIME" help:"Only what was received since, such as 2026-01-31, 2026-01-31T08:00:00Z or 24h."`
	Body   bool   `help:"With the bodies as they came."`
	BOM    bool   `name:"bom" help:"Begin CSV with a byte-order mark, by which Excel recognises UTF-8."`
	JSON   bool   `name:"json" help:"The same as --format jsonl."`
}

func (exportCmd) Help() string {
	return `Writes everything that has been received, oldest first, one notification a line.

jsonl (one JSON object a line) is for programs: every value as it came. csv is for
spreadsheets, such as Excel. There a value that begins with = + - @, a tab or a line break has
an apostrophe put before it, because a spreadsheet would take it for a formula
and what Clearmatch sends must not be able to start one. Take jsonl where that
matters.

Examples:

    ppm export --out notifications.csv --bom
    ppm export --since 2026-01-31 --out january.jsonl
    ppm export --since 24h --body --format jsonl`
}

// Run runs ppm export.
func (c *exportCmd) Run(p *program) error {
	since, err := parseSince(c.Since, time.Now())
	if err != nil {
		return err
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	from, err := p.reach()
	if err != nil {
		return err
	}
	defer from.Close()
	if c.Out == "" {
		_, err := c.export(p, from, since, format, p.stdout)
		return err
	}
	dir, err := p.folder()
	if err != nil {
		return err
	}
	if within(dir, c.Out) {
		return fmt.Errorf("--out %s: that is in the data folder, which is ppm's own; choose a place outside of it", c.Out)
	}
	var n int
	err = writeWhole(c.Out, func(w io.Writer) (err error) {
		n, err = c.export(p, from, since, format, w)
		return err
	})
	if err != nil {
		return err
	}
	p.say("exported %s to %s", ppm.Counted(n, "notification", "notifications"), c.Out)
	return nil
}

func (c *exportCmd) format() (string, error) {
	format := c.Format
	if format == "" {
		format = "jsonl"
		if strings.EqualFold(filepath.Ext(c.Out), ".csv") && !c.JSON {
			format = "csv"
		}
	}
	switch {
	case c.JSON && format == "csv":
		return "", usageError("--json and --format csv: give one of them")
	case c.BOM && format != "csv":
		return "", usageError("--bom is for CSV: add --format csv")
	}
	return format, nil
}

// export writes to w and returns how many notifications that were.
func (c *exportCmd) export(p *program, from kept, since time.Time, format string, w io.Writer) (n int, err error) {
	out := bufio.NewWriterSize(w, 64<<10)
	line := newEncoder(out).Encode
	if format == "csv" {
		if c.BOM {
			out.WriteString("\ufeff")
		}
		writeCSV(out, csvHeading(c.Body))
		line = func(v any) error { return writeCSV(out, csvRow(v.(ui.Exported))) }
	}
	progress := p.progress("exported", "")
	err = from.Export(p, ui.Exports{Since: since, Body: c.Body}, func(x ui.Exported) error {
		if err := line(x); err != nil {
			return err
		}
		n++
		progress.at(n, 0)
		return nil
	})
	if err == nil {
		err = out.Flush()
	}
	progress.end()
	if err != nil {
		return n, fmt.Errorf("export broken off after %s: %w", ppm.Counted(n, "notification", "notifications"), err)
	}
	return n, nil
}
