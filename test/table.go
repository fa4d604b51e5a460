//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

// printTable prints a line for each result, and the faults in full below:
// they may be long.
func printTable(w io.Writer, results []result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\t\twhat was done\tcycles\tseconds\tfigures\t")
	for _, r := range results {
		verdict := "ok"
		if !r.OK {
			verdict = "FAILED"
		}
		figures := make([]string, len(r.Figures))
		for i, f := range r.Figures {
			figures[i] = f.String()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%.1f\t%s\t%s\n", r.Promise, r.Words, r.Done, r.Cycles, r.Seconds, strings.Join(figures, ", "), verdict)
	}
	t.Flush()
	for _, r := range results {
		if !r.OK {
			fmt.Fprintf(w, "\n%s, %s: %s\n", r.Promise, r.Done, r.Fault)
		}
	}
}

// writeJSON writes the results to the file path as one JSON value.
func writeJSON(path string, results []result) error {
	b, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
