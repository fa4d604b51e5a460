package main

import (
	"io"
	"strconv"
	"strings"
	"time"

	"processmanager/ui"
)

func csvHeading(body bool) []string {
	names := []string{"receipt", "receivedAt", "id", "notificationType", "eventDescription", "eventTime",
		"partnerCode", "content", "status", "arrivals", "bodySha256"}
	if body {
		names = append(names, "body")
	}
	return names
}

func csvRow(x ui.Exported) []string {
	row := []string{string(x.Receipt), x.ReceivedAt.Format(time.RFC3339Nano), x.Application, x.Type, x.Event, x.EventTime,
		x.Partner, x.Content, string(x.Status), strconv.FormatInt(x.Arrivals, 10), x.BodySHA256}
	if x.Body != nil {
		row = append(row, *x.Body)
	}
	return row
}

// writeCSV writes one record as RFC 4180 has it. encoding/csv would do, but for
// one thing: with the line ends of the RFC it changes those within values.
func writeCSV(w io.Writer, record []string) error {
	var b strings.Builder
	for i, v := range record {
		if i > 0 {
			b.WriteByte(',')
		}
		v = defused(v)
		if strings.ContainsAny(v, "\",\r\n\t'") || v != strings.TrimSpace(v) {
			v = `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
		}
		b.WriteString(v)
	}
	b.WriteString("\r\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// defused returns v with an apostrophe before it if a spreadsheet would take it
// for a formula. The wide forms of the signs count too: some East Asian
// versions of Excel take them for the narrow ones.
func defused(v string) string {
	if strings.IndexAny(strings.TrimLeft(v, " \ufeff"), "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + v
	}
	return v
}
