package client

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"text/template"
	"time"

	"processmanager/ppm"
)

// A Template makes what is sent out of a notification and its application. What
// these say stays data: each value is written so that it cannot be anything but
// a value in what comes out, as html/template does it for pages. It may be used
// concurrently.
//
// A template ends, and soon: templates cannot call each other, {{range}} goes
// over values only, and there are bounds on its rounds, its time and its output.
type Template struct {
	text      string
	format    format
	program   program
	needsData bool
}

// program is the template of the standard library that does the work.
type program interface {
	Execute(w io.Writer, data any) error
}

// What one execution may come to.
const (
	maxTemplate = 64 << 10 // bytes
	maxOutput   = 1 << 20  // bytes
	maxRounds   = 100_000  // of all {{range}} together
	maxTime     = 10 * time.Second
)

// ParseTemplate reads a template for output of a content type, which decides
// how values are written. It tries the template with a sample notification, once
// with everything of the application missing and once with everything there. An
// error says at which line and column to look.
func ParseTemplate(text, contentType string) (*Template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("it has %d bytes; %d are the most", len(text), maxTemplate)
	}
	for _, trial := range []trial{everythingMissing, everythingThere} {
		t, err := compile(text, contentType, trial)
		if err != nil {
			return nil, err
		}
		if _, err := t.execute(sampleRoot()); err != nil {
			return nil, fmt.Errorf("tried with a sample: %w", err)
		}
	}
	return compile(text, contentType, noTrial)
}

// NeedsData reports whether the template uses the application's data.
func (t *Template) NeedsData() bool { return t.needsData }

// Execute returns what t makes of p. It fails if p lacks a member that t wants,
// or if what comes out is not of the content type; no error tells a value of p.
func (t *Template) Execute(p ppm.Parcel) ([]byte, error) {
	r, err := newRoot(p)
	if err != nil {
		return nil, err
	}
	out, err := t.execute(r)
	if err != nil {
		return nil, fmt.Errorf("template, %w", err)
	}
	return out, nil
}

func compile(text, contentType string, trial trial) (*Template, error) {
	f, err := formatOf(contentType)
	if err != nil {
		return nil, err
	}
	tree, needsData, err := rewrite(text, f, trial)
	if err != nil {
		return nil, err
	}
	t := &Template{text: text, format: f, needsData: needsData}
	functions := functions(trial)
	if _, isHTML := f.(htmlFormat); isHTML {
		t.program, err = htmltemplate.New(templateName).Funcs(functions).AddParseTree(templateName, tree)
	} else {
		t.program, err = template.New(templateName).Funcs(functions).AddParseTree(templateName, tree)
	}
	return t, err
}

const templateName = "template"

func (t *Template) execute(r root) ([]byte, error) {
	var out bounded
	if err := t.program.Execute(&out, r); err != nil {
		return nil, placed(t.text, err)
	}
	return t.format.check(out.Bytes())
}

// bounded is a buffer that fills up.
type bounded struct{ bytes.Buffer }

var errTooLong = fmt.Errorf("more than %d bytes come out", maxOutput)

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxOutput {
		return 0, errTooLong
	}
	return b.Buffer.Write(p)
}

// running is how far one execution has come.
type running struct {
	rounds int
	until  time.Time
}

func (r *running) round() error {
	if r.rounds++; r.rounds > maxRounds {
		return fmt.Errorf("{{range}} goes round more than %d times", maxRounds)
	}
	if time.Now().After(r.until) {
		return errors.New("it takes longer than " + maxTime.String())
	}
	return nil
}
